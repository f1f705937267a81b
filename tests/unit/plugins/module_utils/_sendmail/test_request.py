# SPDX-License-Identifier: GPL-3.0-or-later
"""What sendmail_config refuses before it looks at the host."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import fault, request_of

SECRET = "hunter2hunter2"
EMPTY = {
    **{option: {} for option in ("defines", "features", "macros", "sections", "settings")},
    "tables": [],
    "queues": [],
    "config_directory": "/etc/mail/",
    "settings_file": "/etc/mail/sendmail.conf",
}
TABLE = {"name": "authinfo", "kind": "hash", "entries": None, "secret_entries": None}


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("defines", {"a b": "x"}, "no name of m4"),
        ("defines", {"A": "x`y"}, "backtick"),
        ("defines", {"A": "smtp.********.com"}, "take the value from a task that gets no secret"),
        ("sections", {"LOCAL_RULE_0": [["VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "x"]]}, "Ansible has put its mark"),
        ("macros", {"DAEMON_OPTIONS": ["Name=o'b"]}, "apostrophe"),
        ("features", {"authinfo": "x"}, "is no list"),
        ("macros", {"A": [["x\n"]]}, "an argument"),
        ("sections", {"LOCAL_RULE_9": []}, "none of"),
        ("sections", {"LOCAL_RULE_0": [["a"]]}, "list of two"),
        ("sections", {"LOCAL_CONFIG": "O A=1"}, "is no list"),
        ("sections", {"LOCAL_CONFIG": None}, "is no list"),
        ("submission_defines", {"a b": "x"}, "no name of m4"),
        ("submission_sections", {"LOCAL_RULE_9": []}, "none of"),
        ("settings", {"msp": "x"}, "no variable"),
        ("settings", {"MSP_MODE": '"; rm'}, "a character"),
        ("client_mechanisms", ["LOGIN", "a:b"], "no name of a SASL mechanism"),
        ("queues", ["mqueue/x"], "no absolute path"),
        ("tables", [{**TABLE, "name": "../x"}], "no file name"),
        ("tables", [{**TABLE, "name": "sendmail.mc"}], "another file"),
        ("tables", [TABLE, TABLE], "is there twice"),
        ("tables", [{**TABLE, "entries": {"Connect:A": "OK", "connect:a": "OK"}}], "case makes no difference"),
        ("tables", [{**TABLE, "entries": {}, "secret_entries": {}}], "give one"),
        ("tables", [{**TABLE, "kind": "text", "secret_entries": {}}], "kind text"),
        ("tables", [{**TABLE, "entries": {"a b": "x"}}], "white space"),
        ("tables", [{**TABLE, "entries": {}, "replaces": "authinfo"}], "replaces without secret_entries"),
        ("tables", [{**TABLE, "secret_entries": {}, "replaces": "../authinfo"}], "no file name"),
        ("tables", [{**TABLE, "secret_entries": {"a": f"{SECRET}\n"}}], "the value of 'a'"),
    ],
)
def test_a_fault_names_its_option_and_shows_no_secret(option, value, word):
    said = fault({**EMPTY, option: value})
    assert said.startswith(option)
    assert word in said
    assert SECRET not in said


def test_an_earlier_name_and_a_restart_are_taken_over():
    table = {**TABLE, "secret_entries": {"a": "x"}, "replaces": "old"}
    taken = request_of({**EMPTY, "tables": [table], "restart": True})
    assert taken.restart
    assert taken.tables[0].replaces == "old"


def test_nothing_is_a_request():
    assert fault(EMPTY) is None
    assert request_of(EMPTY).directory == "/etc/mail"
    assert request_of(EMPTY).lines == []


def test_secret_entries_make_a_secret_table():
    (table,) = request_of({**EMPTY, "tables": [{**TABLE, "secret_entries": {"AuthInfo:a": "x"}}]}).tables
    assert table.secret
    assert table.entries == {"AuthInfo:a": "x"}
