"""Print the names that docker-pkg takes from each control file of the JSON list on standard input: it looks for an
image of exactly that name, and goes on when there is none."""

import io
import json
import re
import sys

from debian.deb822 import Packages

answers = []
for text in json.load(sys.stdin):
    names = []
    for paragraph in Packages.iter_paragraphs(io.BytesIO(text.encode()), use_apt_pkg=False):
        for field in ("Build-Depends", "Depends"):
            if paragraph.get(field):
                names += re.split(r"\s*,\s*", paragraph[field])
    answers.append(names)
print(json.dumps(answers))
