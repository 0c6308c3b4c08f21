#!/usr/bin/python3
"""Fill in what docker-pkg's own filters make of each case of filters.json.

usage: PYTHONPATH=$(hack/jinja2):path/to/docker-pkg make-filters.py filters.json

Needs Debian's python3-debian and python3-docker. A case has a
template and the keys of a docker-pkg configuration; "known" lists the images
that image_tag finds. The result is "want" or "error", the class of error.
"""

import json
import sys

from docker_pkg import cli, dockerfile


def result(case):
    config = dict(cli.defaults, **case.get("config", {}))
    dockerfile.TemplateEngine.setup(config, set(case.get("known", [])))
    template = dockerfile.TemplateEngine.env.from_string(case["template"])
    try:
        return {"want": template.render(**config)}
    except Exception as error:  # every class of error is a result
        return {"error": type(error).__name__}


path = sys.argv[1]
with open(path, encoding="utf-8") as file:
    cases = json.load(file)
for case in cases:
    case.pop("want", None)
    case.pop("error", None)
    case.update(result(case))
with open(path, "w", encoding="utf-8") as file:
    json.dump(cases, file, ensure_ascii=False, indent=1)
    file.write("\n")
