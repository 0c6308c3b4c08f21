#!/bin/bash
# As docker-pkg fleets write them: the image's name is the first argument, docker is on PATH.
set -euo pipefail

[ "$(docker run --rm "$1")" = "no guests yet" ]
docker run --rm --entrypoint /bin/bash "$1" -c 'guestbook sign Ada && guestbook list' | grep -x Ada >/dev/null
[ "$(docker run --rm --entrypoint /usr/bin/id "$1" -un)" = guestbook ]
