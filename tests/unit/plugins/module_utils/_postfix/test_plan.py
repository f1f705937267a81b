# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import (
    MAIN_CF,
    MASTER_CF,
    _table_parameters,
    bare_plan,
    check_map_types,
)
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Request, Table
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tables import look
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import PostfixError


def table(name: str, parameter: str | None = "maps", present: bool = True) -> Table:
    return Table(name, "texthash", parameter, {}, secret=False, present=present)


def ask(*tables: Table, **changes: Any) -> Request:
    return Request(**{"parameters": {}, "optional": {}, "services": (), "tables": tables, "directory": "/d", **changes})


@pytest.mark.parametrize(
    ("tables", "present", "values"),
    [
        ([table("a")], {}, {"maps": "texthash:/d/a"}),
        ([table("a"), table("b")], {"maps": "hash:/x"}, {"maps": "texthash:/d/a, texthash:/d/b"}),
        ([table("a", None)], {}, {}),
        ([table("a"), table("b", present=False)], {"maps": "hash:/d/b"}, {"maps": "texthash:/d/a"}),
        ([table("b", present=False)], {"maps": "hash:/d/b"}, {"maps": None}),
        ([table("b", present=False)], {"maps": "hash:/x, hash:/d/b"}, {"maps": "hash:/x"}),
        ([table("b", present=False)], {"maps": "hash:/x"}, {}),
        ([table("b", present=False)], {}, {}),
    ],
)
def test_parameters_refer_to_the_tables_that_are_there(
    tables: list[Table], present: dict[str, str], values: dict[str, str | None]
) -> None:
    plans = [look(item, "texthash", "/d", None) for item in tables]
    assert _table_parameters(ask(*tables), plans, present) == values


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smtp_generic_maps", "hash:/a, proxy:regexp:/b"),
        ("smtp_generic_maps", "inline:{ nope:/x=y, b=c } $alias_maps ${x?nope:/y}"),
        ("smtp_tls_session_cache_database", "btree:${data_directory}/smtp_scache"),
        ("relayhost", "nope:25"),
        ("smtp_generic_maps", None),
    ],
)
def test_known_map_types(name: str, value: str | None) -> None:
    check_map_types({name: value}, [], ["hash", "regexp", "inline", "btree"])


@pytest.mark.parametrize("value", ["nope:/x", "hash:/a,nope:/x", "proxy:nope:/x", "hash:/a nope:/x"])
def test_unknown_map_types(value: str) -> None:
    with pytest.raises(PostfixError, match="parameters: header_checks: .* nope"):
        check_map_types({"header_checks": value}, [], ["hash"])
    with pytest.raises(PostfixError, match="services: x: header_checks: .* nope"):
        check_map_types({}, [{"name": "x", "options": {"header_checks": value}}], ["hash"])


def test_a_plan_for_a_bare_host_has_all_that_is_asked_for() -> None:
    service = {"name": "tlsproxy", "type": "unix", "command": "tlsproxy", "state": "present"}
    plan = bare_plan(ask(table("a"), parameters={"x": "1", "y": None}, optional={"z": "2"}, services=(service,)))
    assert plan.after[MAIN_CF] == "x = 1\nz = 2\nmaps = texthash:/d/a\n"
    assert plan.after[MASTER_CF].startswith("tlsproxy  unix")
    assert plan.changed_parameters == ["maps", "x", "z"]


def test_a_new_service_needs_a_command() -> None:
    with pytest.raises(PostfixError, match=r"services: s \(unix\): command is needed"):
        bare_plan(ask(services=({"name": "s", "type": "unix", "state": "present"},)))
