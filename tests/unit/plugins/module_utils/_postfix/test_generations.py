# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of what belongs together, stopped at each of its renames: what is there works as a whole, old or new."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.previous import changing
from ansible_collections.mailops.ses.plugins.module_utils._postfix import generations
from ansible_collections.mailops.ses.plugins.module_utils._postfix.back import plan_back
from ansible_collections.mailops.ses.plugins.module_utils._postfix.configure import REWRITES, _report, _requeue_due
from ansible_collections.mailops.ses.plugins.module_utils._postfix.main_cf import parameters
from ansible_collections.mailops.ses.plugins.module_utils._postfix.master_cf import services
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import Plan, make_plan
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Request, Table
from ansible_collections.mailops.ses.plugins.module_utils._postfix.switch import at_once, carry_out, in_turn, nothing
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import Postfix, PostfixError

OLD, NEW = ("a.example", "0ldSecret", "old@x.example"), ("b.example", "n3wSecret", "new@x.example")
UNCHANGED = "smtp      unix  -       -       y       -       -       smtp\n"


class Tools(Postfix):
    """A Postfix with the map types that need no tool."""

    def __init__(self) -> None:
        super().__init__("/nowhere")

    installed = True

    def candidate(self, main_cf: str, master_cf: str) -> None: ...

    def map_types(self) -> tuple[str, ...]:
        return "texthash", "regexp"

    def default(self, name: str) -> str:
        return "texthash"

    def known_parameters(self, master_cf: str) -> frozenset[str]:
        return frozenset()

    def table_complaint(self, type_name: str, path: str) -> str | None:
        return None


class KilledError(BaseException):
    """A kill: nothing puts anything back."""


def asked(directory: Path, endpoint: str, password: str, sender: str) -> Request:
    client = {"name": "ses", "type": "unix", "command": "smtp", "generations": True, "state": "present"}
    helper = {**client, "name": "ses-tls", "command": "tlsproxy"}
    options = {"tlsproxy_service_name": "ses-tls", "smtp_header_checks": "regexp:/headers"}
    return Request(
        parameters={
            "relayhost": f"[{endpoint}]:587",
            "default_transport": "ses:$relayhost",
            "ses_destination_concurrency_limit": "10",
            "sender_canonical_maps": f"texthash:{directory}/senders",
        },
        optional={},
        services=({**client, "options": options}, helper),
        tables=(
            Table(
                "passwd",
                "",
                "smtp_sasl_password_maps",
                {f"[{endpoint}]:587": f"user:{password}"},
                secret=True,
                present=True,
                service="ses",
                generations=True,
            ),
            Table("senders", "", None, {"root": sender}, secret=False, present=True, generations=True),
        ),
        directory=str(directory),
    )


@pytest.fixture
def host(tmp_path: Path) -> Path:
    (tmp_path / "main.cf").write_text("# kept\n")
    (tmp_path / "master.cf").write_text(UNCHANGED)
    return tmp_path


def change(
    directory: Path,
    wanted: tuple[str, str, str],
    load: Callable[[], None] = nothing,
    missed: bool = False,
    live: bool = True,
) -> Plan:
    plan = make_plan(asked(directory, *wanted), Tools())
    steps = in_turn(plan, load, load, missed) if live else at_once(plan, load)
    with changing(str(directory), plan.paths if plan.changed else ()):
        carry_out(steps, plan, Tools())
    return plan


def go_back(directory: Path, load: Callable[[], None] = nothing) -> Plan:
    plan = plan_back(Request({}, {}, (), (), str(directory), back=True), REWRITES)
    with changing(str(directory), plan.paths, back=True):
        carry_out(in_turn(plan, load, load, False), plan, Tools())
    return plan


def works_as(directory: Path) -> tuple[str, str, str] | None:
    """What a daemon that starts now would do: endpoint, password and sender, None where they do not go together."""
    main = parameters((directory / "main.cf").read_text())
    name, _colon, _next_hop = main.get("default_transport", "").partition(":")
    found = services((directory / "master.cf").read_text())
    if (name, "unix") not in found:
        return None
    assert (found[name, "unix"].options["tlsproxy_service_name"], "unix") in found
    table = Path(found[name, "unix"].options["smtp_sasl_password_maps"].partition(":")[2])
    rows = dict(line.split(" ", 1) for line in table.read_text().splitlines())
    login = rows.get(main["relayhost"], ":")
    sender = Path(main["sender_canonical_maps"].partition(":")[2]).read_text().split()[1]
    return main["relayhost"][1:].partition("]")[0], login.partition(":")[2], sender


def state(directory: Path) -> dict[str, tuple[str, int]]:
    files = [path for path in directory.iterdir() if path.is_file() and not path.name.startswith(".")]
    return {path.name: (path.read_text(), path.stat().st_mode) for path in files}


def killed_after(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Have the process killed right after so many renames and removals; yields what it was about to do."""
    left = [number]

    def deadly(call: Callable[..., None]) -> Callable[..., None]:
        def wrapped(*args: Any, **options: Any) -> None:
            call(*args, **options)
            left[0] -= 1
            if not left[0]:
                raise KilledError

        return wrapped

    for name in ("replace", "unlink"):
        monkeypatch.setattr(os, name, deadly(getattr(os, name)))
    yield ""


KILLS = range(1, 12)


@pytest.mark.parametrize("then", [NEW, OLD, ("c.example", "thirdSecret", "x@x.example")])
@pytest.mark.parametrize("number", KILLS)
def test_a_kill_at_any_rename_leaves_old_or_new(
    host: Path, number: int, then: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(host, OLD)
    seen = []
    with monkeypatch.context() as patch:
        next(killed_after(number, patch))
        try:
            change(host, NEW, lambda: seen.append(works_as(host)))
        except KilledError:
            seen.append(works_as(host))
    assert set(seen) <= {OLD, NEW}
    assert seen == sorted(seen)  # a.example before b.example: never back
    change(host, then, lambda: seen.append(works_as(host)), missed=True)
    assert set(seen) <= {OLD, NEW, then}
    assert works_as(host) == then
    assert not change(host, then).changed
    password = then[1]
    holders = [path.name for path in host.iterdir() if path.is_file() and password in path.read_text()]
    assert len(holders) == 1
    assert [name for name in state(host) if name.startswith("passwd")] == holders


@pytest.mark.parametrize("number", [*KILLS, 99])
def test_a_host_from_before_there_were_generations_has_its_log_in_until_mail_goes_by_the_new_one(
    host: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parameter named its table, and a client that starts reads main.cf as it is then."""
    (host / "main.cf").write_text(f"default_transport = ses:$relayhost\nold_maps = texthash:{host}/passwd\n")
    (host / "master.cf").write_text("ses unix - - y - - smtp\n  -o smtp_sasl_password_maps=$old_maps\n")
    (host / "passwd").write_text("[a.example]:587 user:0ldSecret\n")
    request = asked(host, *NEW)
    request = replace(request, parameters={**request.parameters, "old_maps": None})
    loaded = {"main.cf": "", "master.cf": ""}

    def load() -> None:
        loaded.update({name: (host / name).read_text() for name in loaded})

    def run(missed: bool = False) -> Plan:
        plan = make_plan(request, Tools())
        carry_out(in_turn(plan, load, load, missed), plan, Tools())
        return plan

    def look(call: Callable[..., None]) -> Callable[..., None]:
        def wrapped(*args: Any, **options: Any) -> None:
            call(*args, **options)
            (client, _colon, _hop) = parameters(loaded["main.cf"])["default_transport"].partition(":")
            table = services(loaded["master.cf"])[client, "unix"].options["smtp_sasl_password_maps"]
            table = parameters((host / "main.cf").read_text()).get("old_maps", "") if table == "$old_maps" else table
            assert Path(table.partition(":")[2]).read_text().count("Secret")

        return wrapped

    load()
    with monkeypatch.context() as patch:
        for name in ("replace", "unlink"):
            patch.setattr(os, name, look(getattr(os, name)))
        with monkeypatch.context() as again:
            next(killed_after(number, again))
            with suppress(KilledError):
                run()
        run(missed=True)
    assert works_as(host) == NEW
    assert "old_maps" not in (host / "main.cf").read_text() + (host / "master.cf").read_text()
    assert not run().changed


@pytest.mark.parametrize("number", KILLS)
def test_a_way_back_that_is_killed_leaves_old_or_new_and_goes_on(
    host: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(host, OLD)
    change(host, NEW)
    seen = []
    with monkeypatch.context() as patch:
        next(killed_after(number, patch))
        try:
            go_back(host, lambda: seen.append(works_as(host)))
        except KilledError:
            seen.append(works_as(host))
            patch.undo()
            if works_as(host) == NEW:
                go_back(host)
    assert set(seen) <= {OLD, NEW}
    assert works_as(host) == OLD


def test_there_and_back_and_forth(host: Path) -> None:
    change(host, OLD)
    first = state(host)
    change(host, NEW)
    second = state(host)
    plan = go_back(host)
    # Both services are there now, and the one that was in force is as it was.
    assert works_as(host) == OLD
    assert {name: entry for name, entry in state(host).items() if name != "master.cf"} == {
        name: entry for name, entry in first.items() if name != "master.cf"
    }
    assert "Secret" not in str(_report(plan)["diff"])
    go_back(host)
    assert works_as(host) == NEW
    assert state(host) == second


def test_without_an_earlier_change_there_is_no_way_back(host: Path) -> None:
    with pytest.raises(PostfixError, match="state: .* has no previous configuration"):
        plan_back(Request({}, {}, (), (), str(host), back=True), REWRITES)


def test_what_does_not_belong_to_a_generation_keeps_it(host: Path) -> None:
    change(host, OLD)
    request = asked(host, *OLD)
    limit = {**request.parameters, "ses_destination_concurrency_limit": "5", "x": "y"}
    plan = make_plan(Request(limit, {}, request.services, request.tables, str(host)), Tools())
    assert plan.changed_parameters == ["ses-2_destination_concurrency_limit", "ses_destination_concurrency_limit", "x"]
    assert plan.beside is None
    # Damage is mended in place.
    (host / "passwd").chmod(0o644)
    (host / "senders").unlink()
    plan = change(host, OLD)
    assert ([table.changed for table in plan.tables], plan.beside) == ([True, True, False, False], None)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_each_of_its_parts_makes_a_new_generation(host: Path, part: int) -> None:
    change(host, OLD)
    wanted = list(OLD)
    wanted[part] = NEW[part]
    plan = change(host, (wanted[0], wanted[1], wanted[2]))
    assert parameters(plan.after["main.cf"])["default_transport"] == "ses-2:$relayhost"
    assert sorted(name for name in state(host) if "cf" not in name) == ["passwd-2", "senders-2"]
    assert os.stat(host / "passwd-2").st_mode & 0o777 == 0o600
    # Mail that waits is rewritten anew where senders change, and not for another name of their table.
    queue = host / "queue" / "deferred"
    queue.mkdir(parents=True)
    (queue / "A").touch()
    assert _requeue_due(plan, False, str(host / "queue")) == (part == 2)
    change(host, OLD)
    assert sorted(name for name in state(host) if "cf" not in name) == ["passwd", "senders"]


def test_the_diff_tells_what_changes_beyond_names(host: Path) -> None:
    change(host, OLD)
    report = _report(make_plan(asked(host, OLD[0], NEW[1], OLD[2]), Tools()))
    diffs = {os.path.basename(part["after_header"]): part for part in report["diff"]}
    assert set(diffs) == {"main.cf", "master.cf", "passwd-2", "senders-2"}
    assert diffs["passwd-2"]["before"] == "[a.example]:587 ********\n"
    assert diffs["passwd-2"]["after"] == "[a.example]:587 ******** (changed)\n"
    assert diffs["passwd-2"]["before_header"] == f"{host}/passwd"
    assert diffs["senders-2"]["before"] == diffs["senders-2"]["after"]
    assert [(table["name"], table["path"]) for table in report["tables"]] == [
        ("passwd", f"{host}/passwd-2"),
        ("senders", f"{host}/senders-2"),
    ]


def test_where_no_mail_flows_the_final_state_is_written_at_once(host: Path) -> None:
    seen = []
    change(host, OLD, live=False)
    change(host, NEW, lambda: seen.append(state(host)), live=False)
    assert seen == [state(host)]
    assert works_as(host) == NEW


def test_a_failed_load_puts_all_steps_back(host: Path) -> None:
    change(host, OLD)
    before = state(host)
    for failing in (1, 2, 3):
        left = [failing]

        def load(left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                raise PostfixError("no reload")

        with pytest.raises(PostfixError):
            change(host, NEW, load)
        assert state(host) == before


def test_names_of_others_stay(host: Path) -> None:
    request = asked(host, *OLD)
    values = {
        "a": "ses",
        "b": "ses:x",
        "c": "ses-tls-2:x",
        "d": "xses:",
        "e": f"hash:{host}/passwd.old",
        "f": "a ses:x",
    }
    named = generations.named(Request(values, {}, request.services, request.tables, str(host)), "-2")
    assert named.parameters == {**values, "a": "ses-2", "b": "ses-2:x"}
