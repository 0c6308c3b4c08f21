#!/usr/bin/python3
"""Write what docker-pkg makes of every key of its configuration with values of every type, and of
every filter with such inputs.

usage: PYTHONPATH=$(hack/jinja2):path/to/docker-pkg make-dockerpkg.py > dockerpkg.json

Needs Debian's python3-debian, python3-yaml and python3-docker. No daemon is asked:
what docker-py or the daemon refuse for its type (a build argument that is no text) is checked here.
Of each case only those results are written that differ from the case without a key; null is an error.
"""

import io
import json
import logging
import math
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from debian.changelog import Changelog

from docker_pkg import cli, dockerfile, drivers, image

logging.disable(logging.CRITICAL)

VALUES = ["~", "true", "false", "5", "0", "-1", "1.5", ".nan", "99999999999999999999", "''", "text", "'5'",
          "/abs", "'it''s \\ \u00e9'", "2026-01-31", "2026-01-31 10:00:00", "!!binary YQ==", "[]", "[a]", "[5]",
          "[~, 1.5, 'b']", "{}", "{a: b}", "{5: ~}", "{root: 7}", "{a: [1, {b: 'c'}]}"]
DICT = ["{root: %s}", "{5: 7, root: %s}"]
OWN = ["seed_image", "maintainer"]  # not docker-pkg's: variables and nothing else
KEYS = sorted(set(cli.defaults) - {"password"}) + ["container_limits", "driver"] + OWN

PROBES = {
    "variable": "{{ KEY }}",
    "image_tag": "{{ 'a-variable' | image_tag }}",
    "base": "{{ 'base' | image_tag }}",
    "apt_install": "{{ 'a\nb' | apt_install }}",
    "apt_remove": "{{ 'a\nb' | apt_remove }}",
    "uid": "{{ 'root' | uid }} {{ 'nobody' | uid }}",
    "uid-number": "{{ 5 | uid }} {{ '5' | uid }} {{ true | uid }}",
    "add_user": "{{ 'root' | add_user }}",
}
INPUTS = ["none", "true", "false", "5", "-1", "1.5", "10**30", "''", "'a'", "'a b'", "'root'", "'x:1'", "'x:1-2'",
          "'x:1-2-3'", "'x:1-2~'", "'x:-'", "'r/x:1-2'", "'r:5000/x:1-2'", "'x:y:z'", "'/x'", "'a-x'", "[]",
          "['root']", "()", "('root', 1)", "{}", "{'a': none}", "range(3)", "'<root>'|e", "'root'|safe", "nothing",
          "a_date", "a_time", "some_bytes", "namespace", "['a', 'b']|list", "'a'|upper", "900", "'900'"]
FILTERS = ["image_tag", "apt_install", "apt_remove", "uid", "add_user", "upstream_version"]
ARGUMENTS = ["('x')", "(none)", "(value='x')", "()"]
MIXED = ["{{ [1, 'root']|map('uid')|join(',') }}", "{{ (none|uid) is none }}", "{{ (5|uid) + 1 }}",
         "{% filter apt_install %}a\nb{% endfilter %}", "{% filter apt_remove %}a\nb{% endfilter %}",
         "{% set n = 'new' %}{% do known_uid_mappings.update({n: 77}) %}{{ n|uid }} {{ n|add_user }}",
         "{{ 'root'|uid|int + 1 }}", "{% set apt_options = 'x' %}{{ 'a'|apt_install }}",
         "{{ ('root'|uid) ~ 5 }}", "{{ 'r/x:1-2'|upstream_version|replace('.', '-') }}"]
FILTER_CONFIG = ("registry: r\nbase_images: ['r/a-x:3']\na_date: 2026-01-31\na_time: 2026-01-31 10:00:00\n"
                 "some_bytes: !!binary YQ==\nknown_uid_mappings: {root: 0, 900: 8, '900': '900'}\n")


def settings(text, folder):
    """read_config of a file that has the text."""
    path = os.path.join(folder, "config.yaml")
    with open(path, "w", encoding="utf-8") as fh:
        fh.write(text)
    return cli.read_config(path)


def tried(f):
    try:
        return f()
    except Exception:
        return None


def render(config, known, template):
    dockerfile.TemplateEngine.setup(config, known)
    return dockerfile.TemplateEngine.env.from_string(template).render(**config)


def texts_only(values):
    values = list(values)
    if not all(isinstance(v, str) for v in values):
        raise TypeError
    return values


def uses(config):
    """What acts on docker-pkg itself: {name: result}."""

    def login():
        if config["username"] and config["password"] and config["registry"]:
            texts_only([config["username"], config["password"]])
        return "fine"

    def workers():
        with ThreadPoolExecutor(max_workers=config["scan_workers"]) as pool:
            return str(math.ceil(pool._max_workers))  # not for .nan: no thread is ever started

    def verify():
        args = config["verify_args"]
        for arg in args:
            arg.find("{path}")
        return "|".join(el.format(image="IMAGE", path="PATH") for el in args)

    def new_tag():
        img = image.DockerImage.__new__(image.DockerImage)
        img.metadata, img.config = {"tag": "1.2-3"}, config
        return img.new_tag(identifier=config["update_id"])

    def entry():
        log = Changelog()
        log.new_block(package="x", version="1", distributions=config["distribution"], urgency="high",
                      author="{} <{}>".format(config["fallback_author"], config["fallback_email"]),
                      date="Thu, 01 Jan 2026 00:00:00 +0000")
        log.add_change("")
        out = io.StringIO()
        log.write_to_open_file(out)
        return "|".join(line.strip() for line in out.getvalue().splitlines() if line.strip())

    def command():
        # docker-pkg asks `which`: what is no text is not the name of a program
        texts_only([config["verify_command"]])
        return config["verify_command"]

    def bundle():
        if config["ca_bundle"] is not None:
            os.environ["REQUESTS_CA_BUNDLE"] = config["ca_bundle"]
        return "fine"

    def arguments():
        texts_only(drivers.DriverInterface(config, None).buildargs.values())
        return "fine"

    def pull():
        if config["base_images"] and isinstance(config["base_images"], str):
            raise TypeError  # it would pull images called as the characters
        return " ".join(texts_only(config["base_images"]))

    def driver():
        drivers.get(config, client=object())
        return "fine"

    def limits():
        return drivers.DockerDriver(config, None, None).container_limits and "some" or "none"

    return {
        "use login": tried(login), "use workers": tried(workers), "use verify": tried(verify),
        "use update_id": tried(new_tag), "use entry": tried(entry), "use command": tried(command),
        "use bundle": tried(bundle), "use buildargs": tried(arguments), "use base_images": tried(pull),
        "use driver": tried(driver), "use limits": tried(limits),
        "use numeric": bool(config["force_numeric_user"]),
    }


def results(text, probes):
    with tempfile.TemporaryDirectory() as folder:
        try:
            config = settings(text, folder)
        except Exception:
            return {name: None for name in probes}
    known = tried(lambda: set(config["base_images"]))
    got = {}
    for name in probes:
        ref = tried(lambda: image.ImageLabel(config, name, "1").image())
        if ref is not None and known is not None:
            known.add(ref)
    for name, template in probes.items():
        if known is None or tried(lambda: image.ImageLabel(config, name, "1").image()) is None:
            got[name] = None  # the scan fails
            continue
        got[name] = tried(lambda: render(dict(config), known, template))
    got.update(uses(config))
    return got


def cases():
    base = "registry: registry.example\nbase_images: ['registry.example/base:1']\n"
    for key in KEYS:
        # known images are named as folders: a-variable and so on
        probes = {"a-" + name: text.replace("KEY", key) for name, text in PROBES.items()}
        start = "".join(l + "\n" for l in base.splitlines() if not l.startswith(key + ":"))
        if key in OWN or key in ("container_limits", "driver"):
            unset = dict(probes)
            unset["a-variable"] = "{{ KEY }}"  # not defined
            baseline = results(start, unset)
        else:
            baseline = results(start, probes)
        values = VALUES + [d % v for v in VALUES for d in DICT if key == "known_uid_mappings"]
        values += ["[%s]" % v for v in VALUES if key in ("base_images", "verify_args")]
        values += ["'registry.example/base:2'", "{'registry.example/base:2': x}"] if key == "base_images" else []
        values += ["memory=1", "memory=4g,cpusetcpus=0-2", "memory", "memory=x", "{memory: 1}",
                   "{memory: 1, cpushares: 2}"] if key == "container_limits" else []
        values += ["docker"] if key == "driver" else []
        out = []
        for value in values:
            got = results(start + key + ": " + value + "\n", probes)
            out.append({"value": value, "got": {n: r for n, r in got.items() if r != baseline[n]}})
        yield {"config": start, "key": key, "probes": probes, "baseline": baseline, "cases": out}


def filters():
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for template in ["{{ %s|%s }}" % (i if "|" not in i else "(" + i + ")", f) for f in FILTERS for i in INPUTS] + \
                ["{{ 'root'|%s%s }}" % (f, a) for f in FILTERS for a in ARGUMENTS] + MIXED:
            config = settings(FILTER_CONFIG, folder)
            out.append([template, tried(lambda: render(config, {"r/a-x:3"}, template))])
    return {"config": FILTER_CONFIG, "cases": out}


os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
json.dump({"keys": list(cases()), "filters": filters()}, sys.stdout, ensure_ascii=False, indent=0)
print()
