#!/usr/bin/python3
"""Fill in what Jinja2 makes of each case of the corpus: the version that hack/jinja2 unpacks.

usage: make-corpus.py FILE.json...           rewrite the files in place
       make-corpus.py --print FILE...        write all results to standard output
       make-corpus.py --differences FILE...  write the machine's own version, and the names of the
                                             cases of which it makes something else

A case has a name and a template, and may have vars, files (other templates by
name) and options of the environment. The result is "want", or "error" (the
class) and "line".

Instead of vars a case may have yaml, a configuration whose values they are.
"""

import copy
import json
import os
import pathlib
import subprocess
import sys

if not os.environ.get("MACHINES_JINJA2"):
    unpack = pathlib.Path(__file__).resolve().parents[2] / "hack" / "jinja2"
    sys.path.insert(0, subprocess.check_output([unpack], text=True).strip())

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


def render(paths):
    """All cases by path with their results filled in, and the results by name."""
    files, results = {}, {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            files[path] = json.load(file)
        for case in files[path]:
            for key in ("want", "error", "line"):
                case.pop(key, None)
            results[case["name"]] = result(case)
            case.update(results[case["name"]])
    return files, results


def differences(paths):
    command = [sys.executable, __file__, "--print", *paths]
    machine = json.loads(subprocess.check_output(command, env=dict(os.environ, MACHINES_JINJA2="1")))
    _, results = render(paths)
    names = [name for name, made in results.items() if machine["results"][name] != made]
    return {"version": machine["version"], "names": names}


def main(arguments):
    if arguments[:1] == ["--differences"]:
        json.dump(differences(arguments[1:]), sys.stdout)
        return
    to_stdout = arguments[:1] == ["--print"]
    files, results = render(arguments[to_stdout:])
    if to_stdout:
        json.dump({"version": jinja2.__version__, "results": results}, sys.stdout)
        return
    for path, cases in files.items():
        with open(path, "w", encoding="utf-8") as file:
            json.dump(cases, file, ensure_ascii=False, indent=1)
            file.write("\n")


main(sys.argv[1:])
