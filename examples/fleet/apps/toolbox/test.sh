#!/bin/bash
# Both copied programs run here, and the versions are those of the fleet's changelogs.
set -euo pipefail

docker run --rm "$1" | grep -x 'greeter 1\.0\.0' >/dev/null
docker run --rm "$1" | grep -x 'linecount 0\.3\.1' >/dev/null
docker run --rm "$1" greeter toolbox | grep -x 'Hello, toolbox!' >/dev/null
