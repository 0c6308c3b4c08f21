"""Print how many entries python-debian reads from each of the changelogs in the JSON list on standard input."""

import json
import logging
import sys

from debian.changelog import Changelog

logging.disable(logging.CRITICAL)
print(json.dumps([len(list(Changelog(text.splitlines()))) for text in json.load(sys.stdin)]))
