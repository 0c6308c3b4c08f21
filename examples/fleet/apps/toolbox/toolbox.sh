#!/bin/sh
# Says which of the fleet's tools are in here, and in which version.
printf 'greeter %s\nlinecount %s\n' "$GREETER_VERSION" "$LINECOUNT_VERSION"
printf 'lines of this report: '
printf 'greeter\nlinecount\n' | linecount
