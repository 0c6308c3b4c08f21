#!/bin/bash
# Every service of config.yaml has a line on the page, and the borrowed counter counted them.
set -euo pipefail

docker run --rm --entrypoint /bin/bash "$1" -ec '
	grep -q "guestbook: 127.0.0.1:8081" /srv/www/index.html
	[ "$(grep -c "<li>" /srv/www/index.html)" = 2 ]
	[ "$(cat /srv/www/lines.txt)" = 4 ]
	[ ! -e /tools/linecount ]'
