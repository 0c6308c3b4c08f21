#!/bin/bash
# It greets, it runs as nobody, and the compiler stayed behind in the first stage.
set -euo pipefail

[ "$(docker run --rm "$1" fleet)" = "Hello, fleet!" ]
[ "$(docker run --rm --entrypoint /usr/bin/id "$1" -u)" = 65534 ]
docker run --rm --entrypoint /bin/sh "$1" -c '! command -v gcc'
