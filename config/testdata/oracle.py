"""Print what PyYAML's safe_load reads: `scalars`, one per line of the input, or `files FILE…`.

Each value is printed in Python's repr, but strings in JSON's form. An error is printed as "error".
"""

import json
import sys

import yaml


def dump(v):
    if isinstance(v, dict):
        return "{" + ", ".join(dump(k) + ": " + dump(x) for k, x in v.items()) + "}"
    if isinstance(v, list):
        return "[" + ", ".join(dump(x) for x in v) + "]"
    if isinstance(v, str):
        return json.dumps(v, ensure_ascii=False)
    return repr(v)


if sys.argv[1] == "files":
    for path in sys.argv[2:]:
        with open(path, "rb") as fh:
            print(dump(yaml.safe_load(fh)))
else:
    for line in sys.stdin.read().splitlines():
        try:
            value = yaml.safe_load("- " + line)[0]
        except Exception:
            print("error")
            continue
        print(dump(value) + "\t" + json.dumps(str(value), ensure_ascii=False))
