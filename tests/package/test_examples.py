# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-doc shows everything, with examples that use only what there is. The scenario `consumer` runs them."""

from __future__ import annotations

import re

import pytest
import yaml
from testbed.engine import ROOT
from testbed.examples import documented

NAMES = {
    "module": {file.stem for file in (ROOT / "plugins" / "modules").glob("*.py")},
    "filter": {file.stem for file in (ROOT / "plugins" / "filter").glob("*.py")},
    "role": {folder.name for folder in (ROOT / "roles").iterdir() if not folder.name.startswith("internal_")},
}
ALL = [(kind, f"mailops.ses.{name}") for kind, names in NAMES.items() for name in sorted(names)]


@pytest.fixture(scope="module")
def shown(installed):
    """What ansible-doc shows where the tarball is installed."""
    return {(entry.kind, entry.name): entry for entry in documented(installed)}


def uses(value):
    """What stands in an example, however deep, as (kind, name, options given to it; None for a filter)."""
    if isinstance(value, str):
        for name in re.findall(r"\|\s*(mailops\.ses\.\w+)", value):
            yield "filter", name, None
    elif isinstance(value, list):
        for item in value:
            yield from uses(item)
    elif isinstance(value, dict):
        for key, below in value.items():
            if key.startswith("mailops.ses."):
                yield "module", key, below or {}
            elif key == "role":
                yield "role", below, value.get("vars", {})
            elif key in ("ansible.builtin.include_role", "ansible.builtin.import_role"):
                yield "role", below["name"], value.get("vars", {})
            yield from uses(below)


def faults(given, options, path=""):
    """Options that are not there, and required ones that are not given."""
    names = set(options) | {alias for option in options.values() for alias in option.get("aliases", [])}
    yield from (f"{path}{name} does not exist" for name in set(given) - names)
    yield from (f"{path}{name} is required" for name in options if options[name].get("required") and name not in given)
    for name in set(given) & set(options):
        for value in given[name] if isinstance(given[name], list) else [given[name]]:
            if isinstance(value, dict) and "suboptions" in options[name]:
                yield from faults(value, options[name]["suboptions"], f"{path}{name}.")


def test_everything_is_shown(shown):
    assert sorted(shown) == sorted(ALL)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_its_examples_use_it_and_only_options_that_there_are(shown, kind, name):
    used = list(uses(yaml.safe_load(shown[kind, name].examples)))
    assert name in {used_name for _kind, used_name, _given in used}
    for used_kind, used_name, given in used:
        options = shown[used_kind, used_name].options
        assert given is None or list(faults(given, options)) == [], used_name


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_its_examples_are_playbooks(shown, installed, kind, name):
    playbook = installed.project / f"{kind}-{name}.yml"
    playbook.write_text(yaml.safe_dump(shown[kind, name].plays()))
    installed.run("ansible-playbook", "--syntax-check", "-i", "mail,", playbook)


def test_faults_are_found():
    options = {"a": {"required": True}, "b": {"suboptions": {"c": {}}}}
    assert sorted(faults({"b": [{"d": 1}]}, options)) == ["a is required", "b.d does not exist"]
