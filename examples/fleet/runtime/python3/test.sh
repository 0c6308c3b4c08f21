#!/bin/bash
# The standard library is whole: these three modules are what a stripped Python loses first.
set -euo pipefail

docker run --rm "$1" python3 -c 'import json, sqlite3, ssl; print(json.dumps("runtime ok"))' |
	grep -x '"runtime ok"' >/dev/null
