"""Print what python-debian reads: `paragraphs`, of the control files in the JSON list on standard input, as
docker-pkg has them read; or `relations`, one per line of standard input.
"""

import io
import json
import sys

from debian.deb822 import Packages, PkgRelation

if sys.argv[1] == "paragraphs":
    print(json.dumps([
        [list(p.items()) for p in Packages.iter_paragraphs(io.BytesIO(text.encode()), use_apt_pkg=False)]
        for text in json.load(sys.stdin)
    ]))
else:
    for line in sys.stdin:
        groups = PkgRelation.parse_relations(line.rstrip("\n"))
        print(json.dumps([[{
            "Name": r["name"],
            "Arch": r["archqual"] or "",
            "Operator": (r["version"] or ("", ""))[0],
            "Version": (r["version"] or ("", ""))[1],
            "Architectures": [("" if a.enabled else "!") + a.arch for a in r["arch"] or []],
            "Profiles": [[("" if p.enabled else "!") + p.profile for p in ps] for ps in r["restrictions"] or []],
        } for r in g] for g in groups]))
