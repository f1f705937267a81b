# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles document is what they have: names, defaults, and the fixed public variables."""

from __future__ import annotations

from pathlib import Path

import definitions
import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._relay.definitions import RANGES
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import CHECKS, SECRET_CHECKS

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
    "ses_headers": {},
    "ses_max_rate": None,
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
    assert set(RANGES) == {name for name, option in OPTIONS.items() if definitions.kind(option) in ("int", "float")}


def test_the_choices_of_a_definition_are_what_is_taken():
    for name, option in OPTIONS.items():
        assert [value for value in option.get("choices", ()) if CHECKS[name](value)] == []
