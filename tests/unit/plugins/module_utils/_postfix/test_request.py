# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import fault, request_of

EMPTY: dict[str, Any] = {
    "parameters": {},
    "optional_parameters": {},
    "restart": False,
    "services": [],
    "tables": [],
    "config_directory": "/etc/postfix/",
    "state": "present",
}
TABLE = {
    "name": "t",
    "parameter": None,
    "service": None,
    "type": "",
    "entries": None,
    "secret_entries": None,
    "generations": False,
    "state": "present",
}
SERVICE = {"name": "s", "type": "unix", "generations": False, "state": "present"}


def test_nothing_is_no_fault() -> None:
    assert fault(EMPTY) is None


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"config_directory": "etc"}, "config_directory"),
        ({"config_directory": "/etc/a b"}, "config_directory"),
        ({"config_directory": "/etc\n"}, "config_directory"),
        ({"parameters": {"a b": "x"}}, "parameters: 'a b'"),
        ({"parameters": {"a": "x\nb = y"}}, "parameters: the value of a has a line break"),
        ({"optional_parameters": {"a": {"b": 1}}}, "optional_parameters: the value of a"),
        ({"parameters": {"a": 1}, "optional_parameters": {"a": 1}}, "optional_parameters: a is also"),
        ({"parameters": {"a": 1}, "tables": [{**TABLE, "parameter": "a"}]}, "tables: a is also"),
        ({"services": [{**SERVICE, "name": "a b"}]}, "services: 'a b' (unix)"),
        ({"services": [SERVICE, SERVICE]}, "services: 's' (unix) is there twice"),
        (
            {"services": [{**SERVICE, "generations": True}, {**SERVICE, "name": "s-2"}]},
            "services: 's-2' (unix) is there twice",
        ),
        (
            {"services": [{**SERVICE, "type": "inet", "generations": True}]},
            "services: 's' (inet): generations are for services of type unix",
        ),
        ({"tables": [TABLE, TABLE]}, "tables: 't' is there twice"),
        ({"tables": [{**TABLE, "generations": True}, {**TABLE, "name": "t-2"}]}, "tables: 't-2' is there twice"),
        (
            {"tables": [{**TABLE, "service": "s", "parameter": "a"}]},
            "tables: 't': service is none of those in services",
        ),
        ({"services": [SERVICE], "tables": [{**TABLE, "service": "s"}]}, "tables: 't': service needs parameter"),
        (
            {"state": "previous", "parameters": {"a": "x"}},
            "parameters: state previous takes all of the last change back",
        ),
        ({"tables": [{**TABLE, "name": "../x"}]}, "tables: '../x'"),
        ({"tables": [{**TABLE, "type": "ldap"}]}, "tables: 't' type"),
        ({"tables": [{**TABLE, "parameter": "a b"}]}, "tables: 't' parameter"),
        ({"tables": [{**TABLE, "entries": {}, "secret_entries": {}}]}, "tables: 't' has both"),
        ({"tables": [{**TABLE, "type": "cdb", "secret_entries": {}}]}, "tables: 't' has secret_entries"),
        ({"tables": [{**TABLE, "entries": {"a b": "c"}}]}, "tables: 't' entries: the key 'a b'"),
        ({"tables": [{**TABLE, "secret_entries": {"a": "sEcReT\nx"}}]}, "tables: 't' secret_entries: the value of 'a'"),
        ({"parameters": {"a": "user@********.com"}}, "parameters: Ansible has put its mark"),
        ({"parameters": {"a": ["VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"]}}, "parameters: Ansible has put its mark"),
        ({"tables": [{**TABLE, "entries": {"$REDACTED$": "a"}}]}, "tables: Ansible has put its mark"),
    ],
)
def test_faults_name_the_option(params: dict[str, Any], told: str) -> None:
    found = str(fault({**EMPTY, **params}))
    assert found.startswith(told)
    assert "sEcReT" not in found


def test_a_request_is_read_from_the_modules_parameters() -> None:
    tables = [{**TABLE, "secret_entries": {"b": 1, "a": "x"}}, {**TABLE, "name": "u", "state": "absent"}]
    found = request_of({**EMPTY, "parameters": {"a": True, "b": None}, "tables": tables})
    assert found.parameters == {"a": "yes", "b": None}
    assert found.directory == "/etc/postfix"
    assert [(table.secret, table.present, list(table.entries.items())) for table in found.tables] == [
        (True, True, [("b", "1"), ("a", "x")]),
        (False, False, []),
    ]
