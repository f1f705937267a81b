# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles document is what they have: names, defaults, and the fixed public variables."""

from __future__ import annotations

from pathlib import Path

import definitions
import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import CHECKS, RANGES, SECRET_CHECKS

ROLES_FOLDER = Path(__file__).resolve().parents[2] / "roles"
MTAS = ("postfix", "sendmail")
# The public interface of both MTAs' roles, and its defaults.
FIXED = {
    "ses_region": None,
    "ses_endpoint": None,
    "ses_port": "587",
    "ses_smtp_username": None,
    "ses_smtp_password": None,
    "ses_secret_access_key": None,
    "ses_masquerade_domain": None,
    "ses_sender": None,
    "ses_configuration_set": None,
    "ses_hostname_fix": True,
    "ses_hostname_aliases": [],
    "ses_connection_max_messages": 100,
    "ses_connection_max_seconds": 60,
    "ses_max_connections": 10,
    "ses_tls_ca_file": None,
    "ses_replace_mta": False,
    "ses_probe_recipient": None,
}


ROLES = [folder.name for folder in sorted(ROLES_FOLDER.iterdir()) if not folder.name.startswith("internal_")]


def load(path, role="postfix"):
    return yaml.safe_load((ROLES_FOLDER / role / path).read_text())


DEFAULTS = load("defaults/main.yml")
OPTIONS = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]


@pytest.mark.parametrize("role", MTAS)
@pytest.mark.parametrize("path", ["defaults/main.yml", "meta/argument_specs.yml"])
def test_both_mtas_have_the_same_text(role, path):
    assert (ROLES_FOLDER / role / path).resolve() == ROLES_FOLDER / "internal_relay" / path


def test_the_fixed_variables_have_their_defaults():
    assert {name: DEFAULTS.get(name) for name in FIXED} == FIXED


@pytest.mark.parametrize("role", ROLES)
def test_the_documented_defaults_are_the_defaults(role):
    options = load("meta/argument_specs.yml", role)["argument_specs"]["main"]["options"]
    assert {name: option.get("default") for name, option in options.items()} == load("defaults/main.yml", role)


@pytest.mark.parametrize("path", definitions.texts(), ids=str)
def test_what_repeats_the_definitions_is_written_by_make_docs(path):
    assert (ROLES_FOLDER.parent / path).read_text() == definitions.texts()[path]


@pytest.mark.parametrize("name", [*CHECKS, *SECRET_CHECKS, *RANGES])
def test_what_is_judged_is_defined(name):
    assert name in OPTIONS


def test_every_number_has_a_range():
    assert set(RANGES) == {name for name, option in OPTIONS.items() if option["type"] == "int"}


def test_the_choices_of_a_definition_are_what_is_taken():
    for name, option in OPTIONS.items():
        assert [value for value in option.get("choices", ()) if CHECKS[name](value)] == []


README = (ROLES_FOLDER.parent / "README.md").read_text()
# Where the spec has no default, README says in words what holds instead.
IN_WORDS = {"none", "required", "the distribution's bundle", "`email-smtp.REGION.amazonaws.com`"}


def table(heading):
    """The cells of each row of the README's table that begins with this row."""
    lines = README[README.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_names_every_variable(role):
    assert [name for name in load("defaults/main.yml", role) if f"| `{name}` |" not in README] == []


@pytest.mark.parametrize("role", MTAS)
def test_the_readmes_variables_and_defaults_are_the_roles(role):
    options = load("meta/argument_specs.yml", role)["argument_specs"]["main"]["options"]
    rows = table("| variable | default | meaning |")
    assert [name for name, _default, _meaning in rows] == [f"`{name}`" for name in options]
    for name, default, _meaning in rows:
        option = options[name.strip("`")]
        if "default" in option:
            assert default == f"`{yaml.safe_dump(option['default']).splitlines()[0].strip(chr(39))}`"
        else:
            assert default.partition(",")[0] in IN_WORDS
            assert default.startswith("required") or not option.get("required")


def test_the_readme_says_of_every_variable_what_each_mta_does_with_it():
    rows = table("| variable | `postfix` sets | `sendmail` sets |")
    assert [name for name, *_cells in rows] == [f"`{name}`" for name in OPTIONS]
    assert all(len(cells) == 1 + len(MTAS) and all(cells) for cells in rows)
