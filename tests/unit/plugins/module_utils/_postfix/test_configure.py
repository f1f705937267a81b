# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be told without Postfix; the rest is tested in molecule/config."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._postfix import configure as configuring
from ansible_collections.mailops.ses.plugins.module_utils._postfix import tools
from ansible_collections.mailops.ses.plugins.module_utils._postfix.configure import (
    _due,
    _moves,
    _requeue_due,
    _run,
    configure,
)
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import Plan
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Request, Table
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import PostfixError


def ask(directory: Path, **parameters: str) -> Request:
    secret = Table("cred", "", "smtp_sasl_password_maps", {"host": "sEcReT"}, secret=True, present=True)
    return Request(parameters, {}, (), (secret,), str(directory))


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tools, "SEARCH_PATH", str(tmp_path / "nothing"))
    return tmp_path / "etc"


def test_check_mode_on_a_bare_host(bare: Path, tmp_path: Path) -> None:
    found = configure(ask(bare, relayhost="[x]"), check_mode=True, scratch=str(tmp_path))
    assert (found["changed"], found["action"], found["postfix_version"]) == (True, "restart", "")
    assert "not installed" in found["msg"]
    assert found["diff"][0]["after"] == f"relayhost = [x]\nsmtp_sasl_password_maps = hash:{bare}/cred\n"
    assert found["diff"][1]["after"] == "host ********\n"
    assert "sEcReT" not in str(found)
    assert list(tmp_path.iterdir()) == []


def test_a_real_run_on_a_bare_host(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(PostfixError, match="Postfix is not installed"):
        configure(ask(bare), check_mode=False, scratch=str(tmp_path))


def plan(before: str, after: str, **asked: str) -> Plan:
    texts = ({"main.cf": text, "master.cf": ""} for text in (before, after))
    return Plan(*texts, [], [], ask(Path("/d"), **asked))


@pytest.mark.parametrize(
    ("changes", "asked", "missed", "action"),
    [
        (("a = 1\n", "a = 1\n"), {}, False, "none"),
        (("a = 1\n", "a = 2\n"), {}, False, "reload"),
        (("", "inet_interfaces = all\n"), {}, False, "restart"),
        (("inet_interfaces = all\n", ""), {}, False, "restart"),
        (("a = 1\n", "a = 1\n"), {"a": "1"}, True, "reload"),
        (("a = 1\n", "a = 1\n"), {"inet_protocols": "ipv4"}, True, "restart"),
        (("a = 1\n", "a = 2\n"), {"inet_protocols": "ipv4"}, False, "reload"),
    ],
)
def test_what_is_due(changes: tuple[str, str], asked: dict[str, Any], missed: bool, action: str) -> None:
    due = _due(plan(*changes, **asked), missed)
    assert due == {"action": action, "reload_due": action == "reload", "restart_due": action == "restart"}


def test_what_waits_is_rewritten_while_nothing_delivers(monkeypatch: pytest.MonkeyPatch) -> None:
    # A queue manager that starts tries what is due at once, with the sender that it has.
    done: list[str] = []

    def systemd(argv: Any) -> tuple[int, str, str]:
        if argv[1] != "is-active":
            done.append(argv[1])
        return 0, "", ""

    @contextmanager
    def if_killed(*argv: str) -> Iterator[None]:
        done.append(f"if killed: {' '.join(argv)}")
        yield
        done.append("on")

    clock = itertools.count(time.time())
    monkeypatch.setattr(configuring, "loaded_at", lambda _queue: {"loaded": next(clock)})
    monkeypatch.setattr(configuring, "if_killed", if_killed)
    _run((Unit("postfix", systemd),), [["restart"]], "/queue", lambda: done.append("rewritten"))
    guarded = ["stop", "rewritten", "reset-failed", "restart"]
    assert done == ["if killed: systemctl start postfix", *guarded, "on"]
    assert _due(plan("a = 1\n", "a = 2\n"), False, True)["action"] == "restart"


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (["127.0.0.25:24"], ["[::1]:24"], True),
        (["[::1]:24"], ["127.0.0.25:24"], True),
        (["127.0.0.25:24"], ["127.0.0.25:24"], False),
        ([], ["[::1]:24"], False),  # the first run
    ],
)
def test_a_service_that_gets_an_address_of_another_family_needs_a_start(
    before: list[str], after: list[str], moves: bool
) -> None:
    """A master that loads an address of a family that it has not ends."""
    rest = "inet n - n - - smtpd -o cleanup_service_name=ses-bounce-cleanup\n"
    lines = ("".join(f"{name} {rest}" for name in names) for names in (before, after))
    texts = [{"main.cf": "", "master.cf": text} for text in lines]
    assert _moves(Plan(*texts, [], [], ask(Path("/d")))) == moves


def test_of_two_reloads_that_follow_at_once_the_second_one_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.time()
    loads = iter([before, before, before, before + 60])
    monkeypatch.setattr(configuring, "loaded_at", lambda _queue: {"loaded": next(loads)})
    _run((Unit("postfix", lambda _argv: (0, "", "")),), [["reload"]], "/queue")
    assert next(loads, None) is None


@pytest.mark.parametrize(
    ("after", "due"), [("smtputf8_enable = no\n", True), ("masquerade_domains = x\n", True), ("relayhost = x\n", False)]
)
def test_what_waits_is_to_be_rewritten_where_that_changes(after: str, due: bool, tmp_path: Path) -> None:
    (tmp_path / "deferred" / "A").mkdir(parents=True)
    assert not _requeue_due(plan("", after), False, str(tmp_path))
    (tmp_path / "deferred" / "A" / "ABCDEF").touch()
    assert _requeue_due(plan("", after), False, str(tmp_path)) == due
