# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done on a host, in which order, and what is left when a step fails; with real files, and commands noted."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._network.egress import refresher
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.allowlist import (
    FILES,
    OnHost,
    absent,
    present,
)
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.request import EgressError, Request

NAME = "email-smtp.us-east-1.amazonaws.com"
STATE = refresher.state_text(NAME, refresher.Memory({"192.0.2.1": 1}, refresher.Moment("boot", 1)))
RUNNING = """\
Id=ses-egress.service\nActiveState=active\nUnitFileState=enabled\n
Id=ses-egress-again.service\nActiveState=inactive\nUnitFileState=enabled\n
UnitFileState=static\nActiveState=active\nId=ses-egress-refresh.timer
"""
STOPPED = RUNNING.replace("=active", "=inactive").replace("=enabled", "=")
FOUND = refresher.Answers(frozenset(["192.0.2.1"]), "")
SILENT = refresher.Answers(frozenset(), "Temporary failure in name resolution")
ENFORCED = [
    "systemctl daemon-reload",
    "systemctl restart ses-egress-refresh.service",
    "systemctl reenable ses-egress-again.service ses-egress.service",
    "systemctl reload-or-restart ses-egress.service",
    "systemctl restart ses-egress-refresh.timer",
]


class Commands:
    """Notes what changes the host; FAILS begins the commands that fail."""

    def __init__(self, root: Path, running: bool = False, fails: tuple[str, ...] = ()) -> None:
        self.root, self.running, self.fails = root, running, fails
        self.table = running
        self.changes: list[str] = []

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        line = " ".join(command)
        if line.startswith("systemctl show --property=Id"):
            return 0, RUNNING if self.running else STOPPED, ""
        if line.startswith("journalctl"):
            return 0, "Starting\nses-egress: nft is not installed\n", ""
        if line == "nft list tables" and not line.startswith(self.fails):
            return 0, "table ip filter\n" + "table inet ses_egress\n" * self.table, ""
        if not line.startswith(("systemctl show", "nft list", "nft --version", "/usr/bin/python3")):
            self.changes.append(line)
        failed = line.startswith(self.fails) or (line.startswith("nft list") and not self.table)
        self.table &= failed or not line.startswith("nft delete")
        self.running &= failed or not line.startswith("systemctl disable --now")
        if line == "systemctl restart ses-egress-refresh.service" and not failed:
            (self.root / "var/lib/ses-egress").mkdir(exist_ok=True)
            name = json.loads((self.root / refresher.CONFIG.lstrip("/")).read_text())["endpoint"]
            (self.root / refresher.STATE.lstrip("/")).write_text(STATE.replace(NAME, name))
        return int(failed), "", "it says no" if failed else ""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("usr/local/lib", "etc/systemd/system", "var/lib"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def ask(root: Path, commands: Commands, ports: tuple[int, ...] = (25,), check: bool = False, **options: Any) -> Any:
    asked = Request(refresher.Config(options.get("name", NAME), ports, 86400), 300, "ses_region")
    return present(asked, OnHost(commands, str(root)), check, lambda _name: options.get("answers", FOUND))


def tree(root: Path) -> dict[str, str]:
    return {f"/{path.relative_to(root)}": path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def installed(root: Path) -> Path:
    ask(root, Commands(root))
    return root


def test_it_writes_refreshes_and_only_then_enforces(root: Path) -> None:
    commands = Commands(root)
    result = ask(root, commands)
    assert result["changed"]
    assert result["addresses"] == ["192.0.2.1"]
    assert commands.changes == ENFORCED
    assert set(tree(root)) == {*FILES, refresher.STATE}
    assert [part["after_header"] for part in result["diff"]] == [*FILES, "open addresses", "egress allowlist"]
    assert result["nft_installed"]


def test_a_second_run_changes_nothing_and_asks_no_dns(installed: Path) -> None:
    commands = Commands(installed, running=True)
    result = ask(installed, commands, answers=SILENT)
    assert (result["changed"], result["diff"], commands.changes) == (False, [], [])
    assert result["addresses"] == ["192.0.2.1"]


@pytest.mark.parametrize("lost", ["table", "file", "mode", "link", "memory"])
def test_what_was_lost_comes_back(installed: Path, lost: str) -> None:
    program = installed / FILES[0].lstrip("/")
    commands = Commands(installed, running=True)
    if lost == "table":
        commands.fails = ("nft list",)
    elif lost == "file":
        program.unlink()
    elif lost == "mode":
        program.chmod(0o666)
    elif lost == "link":
        program.rename(installed / "elsewhere")
        program.symlink_to(installed / "elsewhere")
    else:
        (installed / refresher.STATE.lstrip("/")).write_text("{")
    assert ask(installed, commands)["changed"]
    assert commands.changes == ENFORCED
    assert OnHost(commands, str(installed)).sound(FILES[0])
    assert not ask(installed, Commands(installed, running=True))["changed"]


def test_check_mode_changes_nothing(root: Path) -> None:
    commands = Commands(root, fails=("nft --version",))  # the package comes later
    release(root, "ID=debian\nVERSION_ID=13\n")
    result = ask(root, commands, check=True)
    assert result["changed"]
    assert result["addresses"] == ["192.0.2.1"]
    assert not result["nft_installed"]
    assert result["package_manager"] == "apt"
    assert ({path: text for path, text in tree(root).items() if path in FILES}, commands.changes) == ({}, [])


def release(root: Path, text: str) -> None:
    """The system says what it is."""
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / "os-release").write_text(text)


def test_a_system_that_nft_cannot_be_installed_on_is_refused_by_check_mode(root: Path) -> None:
    release(root, "ID=alpine\nNAME='Alpine Linux'\nVERSION_ID=3.22.1\n")
    with pytest.raises(EgressError, match="This host is Alpine Linux 3, where this role installs nothing"):
        ask(root, Commands(root, fails=("nft --version",)), check=True)


def test_the_difference_is_what_a_reader_has_to_judge(root: Path) -> None:
    parts = {part["after_header"]: part["after"] for part in ask(root, Commands(root), check=True)["diff"]}
    installed = {path: text for path, text in tree(root).items() if path in FILES}
    assert not installed
    ask(root, Commands(root))
    texts = tree(root)
    program = texts.pop(FILES[0])
    digest = hashlib.sha256(program.encode()).hexdigest()
    lines = len(program.splitlines())
    assert parts.pop(FILES[0]) == f"the program of mailops.ses.egress_allowlist, {lines} lines, sha256 {digest}\n"
    assert {path: parts[path] for path in FILES[1:]} == {path: texts[path] for path in FILES[1:]}
    assert parts["open addresses"] == f"{NAME} 192.0.2.1\n"


def test_another_version_of_the_program_shows(installed: Path) -> None:
    (installed / FILES[0].lstrip("/")).write_text("pass\n")
    (part,) = ask(installed, Commands(installed, running=True))["diff"]
    assert part["before"].startswith("the program of mailops.ses.egress_allowlist, 1 lines, sha256 ")
    assert part["before"] != part["after"]


@pytest.mark.parametrize(
    ("options", "fails", "told"),
    [
        (
            {"answers": SILENT},
            (),
            f"ses_region gives {NAME}, which has no address on this host (Temporary failure in name resolution)",
        ),
        ({}, ("nft --version",), "nft is not installed"),
        ({}, ("/usr/bin/python3",), "/usr/bin/python3 is missing or older than 3.9"),
        ({}, ("systemctl show",), "systemd does not run on this host"),
    ],
)
def test_it_refuses_before_anything_changes(
    root: Path, options: dict[str, Any], fails: tuple[str, ...], told: str
) -> None:
    commands = Commands(root, fails=fails)
    with pytest.raises(EgressError) as caught:
        ask(root, commands, **options)
    assert str(caught.value).startswith(told)
    assert (tree(root), commands.changes) == ({}, [])


@pytest.mark.parametrize("step", ENFORCED)
def test_a_step_that_fails_leaves_nothing_of_a_first_run(root: Path, step: str) -> None:
    commands = Commands(root, fails=(step,))
    with pytest.raises(EgressError, match=f"keeps what it had: {step} failed: it says no"):
        ask(root, commands)
    assert tree(root) == {}
    assert os.listdir(root / "var/lib") == []
    assert "systemctl disable --now ses-egress-again.service ses-egress.service" in commands.changes
    assert "nft delete table inet ses_egress" in commands.changes


@pytest.mark.parametrize("step", ENFORCED)
def test_a_step_that_fails_leaves_what_was_there(installed: Path, step: str) -> None:
    before = tree(installed)
    commands = Commands(installed, running=True, fails=(step,))
    with pytest.raises(EgressError, match="ses-egress: nft is not installed"):
        ask(installed, commands, ports=(25, 587))
    assert tree(installed) == before
    assert commands.changes[-6:] == [
        "systemctl daemon-reload",
        "systemctl reenable ses-egress-again.service",
        "systemctl reenable ses-egress.service",
        "systemctl start ses-egress.service",
        "systemctl restart ses-egress-refresh.timer",
        ENFORCED[1],  # with the former files
    ]


@pytest.mark.parametrize("step", ENFORCED)
def test_the_former_endpoint_s_addresses_are_remembered(installed: Path, step: str) -> None:
    """They may be many more than DNS names when it is asked again, and DNS may be down."""
    state = installed / refresher.STATE.lstrip("/")
    many = {f"192.0.2.{number}": number for number in range(9)}
    state.write_text(refresher.state_text(NAME, refresher.Memory(many, refresher.Moment("boot", 1))))
    before = tree(installed)

    class WithoutDns(Commands):
        def __call__(self, command: list[str]) -> tuple[int, str, str]:
            former = NAME in (self.root / refresher.CONFIG.lstrip("/")).read_text()
            refresh = " ".join(command) == ENFORCED[1]
            return (1, "", "no DNS") if refresh and former else super().__call__(command)

    with pytest.raises(EgressError, match="the host keeps what it had"):
        ask(installed, WithoutDns(installed, running=True, fails=(step,)), name="other.example.com")
    assert tree(installed) == before


def test_what_was_not_in_force_is_not_after_a_failure(installed: Path) -> None:
    """An administrator has stopped the service."""
    before = tree(installed)
    commands = Commands(installed, fails=(ENFORCED[-1],))
    with pytest.raises(EgressError, match="the host keeps what it had"):
        ask(installed, commands, name="other.example.com")
    assert commands.changes[-5:] == [
        "systemctl disable ses-egress-again.service",
        "systemctl disable ses-egress.service",
        "systemctl stop ses-egress.service",
        "systemctl stop ses-egress-refresh.timer",
        "nft delete table inet ses_egress",
    ]
    assert tree(installed) == before


def test_what_could_not_be_put_back_is_told(installed: Path) -> None:
    class Stuck(Commands):
        def __call__(self, command: list[str]) -> tuple[int, str, str]:
            self.running |= command[:2] == ["systemctl", "reload-or-restart"]  # and it does not stop
            return super().__call__(command)

    told = "^the host keeps what it had, except ses-egress.service, ses-egress-again.service, ses-egress-refresh.timer"
    with pytest.raises(EgressError, match=told):
        ask(installed, Stuck(installed, fails=(ENFORCED[-1],)))


def test_removal_leaves_nothing_behind(installed: Path) -> None:
    host = OnHost(Commands(installed, running=True), str(installed))
    assert absent(host, check_mode=True)["changed"]
    assert set(tree(installed)) == {*FILES, refresher.STATE}
    commands = Commands(installed, running=True)
    result = absent(OnHost(commands, str(installed)), check_mode=False)
    assert result["changed"]
    assert [part["after"] for part in result["diff"][:-1]] == [""] * (len(FILES) + 1)
    assert result["diff"][-2]["before"] == f"{NAME} 192.0.2.1\n"
    assert tree(installed) == {}
    assert commands.changes[0] == "systemctl stop ses-egress-refresh.timer ses-egress-refresh.service"
    assert not absent(OnHost(Commands(installed), str(installed)), check_mode=False)["changed"]


@pytest.mark.parametrize(
    ("fails", "running", "told"),
    [
        (("nft ",), True, "nft does not list the tables (it says no), so the table cannot be removed; correct that, "),
        (("nft ",), False, "nft does not list the tables (it says no), so the table cannot be removed; correct that, "),
        (("nft delete",), True, "nft delete table inet ses_egress failed: it says no"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_keeps_the_list_fresh_stays_while_the_table_does(
    installed: Path, fails: tuple[str, ...], running: bool, told: str, check: bool
) -> None:
    before = tree(installed)
    commands = Commands(installed, running, fails)
    if check and fails == ("nft delete",):
        assert absent(OnHost(commands, str(installed)), check)["changed"]
    else:
        with pytest.raises(EgressError) as caught:
            absent(OnHost(commands, str(installed)), check)
        assert str(caught.value).startswith(told)
    assert tree(installed) == before
    assert commands.running == running
    assert not commands.changes or commands.changes[-1] == "systemctl start ses-egress-refresh.timer"


def test_removal_without_nft_says_so(installed: Path) -> None:
    def without_nft(command: list[str]) -> tuple[int, str, str]:
        if command[0] == "nft":
            raise FileNotFoundError(2, "No such file or directory")
        return Commands(installed, running=True)(command)

    told = "^nft is missing, so the table cannot be removed; install nftables again, then repeat$"
    with pytest.raises(EgressError, match=told):
        absent(OnHost(without_nft, str(installed)), check_mode=False)


def test_a_unit_that_does_not_go_is_told(installed: Path) -> None:
    commands = Commands(installed, running=True, fails=("systemctl disable",))
    with pytest.raises(EgressError, match="^ses-egress.service, .* did not go: look into the host's journal"):
        absent(OnHost(commands, str(installed)), check_mode=False)


def test_removal_on_a_host_without_nft_or_systemd(root: Path) -> None:
    def nothing_there(command: list[str]) -> tuple[int, str, str]:
        raise FileNotFoundError(2, "No such file or directory")

    assert not absent(OnHost(nothing_there, str(root)), check_mode=False)["changed"]
