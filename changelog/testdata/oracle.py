"""Print what python-debian reads from changelogs: one JSON object per file named as argument."""

import json
import logging
import sys

from debian.changelog import Changelog

logging.disable(logging.CRITICAL)
for path in sys.argv[1:]:
    with open(path, "rb") as fh:
        log = Changelog(fh)
    blocks = [
        {
            "Package": b.package,
            "Version": b._raw_version,
            "Distributions": b.distributions,
            "Urgency": b.urgency,
            "Author": b.author or "",
            "RawDate": (b.date or "").strip(),
            "Changes": [c.rstrip() for c in b.changes()],
        }
        for b in log
    ]
    newest = {"Package": log.get_package(), "Version": str(log.version)}
    print(json.dumps({"Newest": newest, "Blocks": blocks}))
