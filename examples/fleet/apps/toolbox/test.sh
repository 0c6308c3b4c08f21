#!/bin/bash
# Both copied programs run here, and the versions are those of the fleet's changelogs.
set -eu

docker run --rm "$1" | grep -qx 'greeter 1\.0\.0'
docker run --rm "$1" | grep -qx 'linecount 0\.3\.1'
docker run --rm "$1" greeter toolbox | grep -qx 'Hello, toolbox!'
