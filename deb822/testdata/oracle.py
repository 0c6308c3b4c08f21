"""Print what python-debian reads: `paragraphs FILE…` or `relations`, which reads one per line."""

import json
import sys

from debian.deb822 import Deb822, PkgRelation

if sys.argv[1] == "paragraphs":
    for path in sys.argv[2:]:
        with open(path, "rb") as fh:
            print(json.dumps([list(p.items()) for p in Deb822.iter_paragraphs(fh)]))
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
