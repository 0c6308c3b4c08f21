#!/usr/bin/python3
"""Fill in what Debian's python3-jinja2 makes of each case of the corpus.

usage: make-corpus.py FILE.json...     rewrite the files in place
       make-corpus.py --print FILE...  write all results to standard output

A case has a name and a template, and may have vars, files (other templates by
name) and options of the environment. The result is "want", or "error" (the
class) and "line".

Instead of vars a case may have yaml, a configuration whose values they are.
"""

import copy
import json
import sys

import jinja2
import yaml


def line_of(error):
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in ("<template>", "case"):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def result(case):
    files = dict(case.get("files", {}), case=case["template"])
    env = jinja2.Environment(
        extensions=["jinja2.ext.do"],
        undefined=jinja2.StrictUndefined,
        loader=jinja2.DictLoader(files),
        **case.get("options", {}),
    )
    try:
        variables = copy.deepcopy(case.get("vars", {}))
        if "yaml" in case:
            variables = yaml.safe_load(case["yaml"])
        return {"want": env.get_template("case").render(**variables)}
    except Exception as error:  # every class of error is a result
        return {"error": type(error).__name__, "line": line_of(error)}


def main(arguments):
    to_stdout = arguments[:1] == ["--print"]
    results = {}
    for path in arguments[to_stdout:]:
        with open(path, encoding="utf-8") as file:
            cases = json.load(file)
        for case in cases:
            for key in ("want", "error", "line"):
                case.pop(key, None)
            outcome = result(case)
            results[case["name"]] = outcome
            case.update(outcome)
        if not to_stdout:
            with open(path, "w", encoding="utf-8") as file:
                json.dump(cases, file, ensure_ascii=False, indent=1)
                file.write("\n")
    if to_stdout:
        json.dump(results, sys.stdout)


main(sys.argv[1:])
