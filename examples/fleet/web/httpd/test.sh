#!/bin/bash
# Server and client share one container, so the test needs no published port and no clean-up.
set -euo pipefail

port=$((20000 + RANDOM % 20000))
docker run --rm -e HTTP_PORT="$port" --entrypoint /bin/bash "$1" -ec '
	lighttpd -tt -f /etc/lighttpd/lighttpd.conf
	lighttpd -D -f /etc/lighttpd/lighttpd.conf &
	probe "$HTTP_PORT" / && ! probe "$HTTP_PORT" /missing >/dev/null' |
	grep "no site yet" >/dev/null
