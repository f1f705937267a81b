# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics' files and timer: written, left alone, moved, gone, and as they were where a step fails."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._metrics import installation, proofs
from ansible_collections.mailops.ses.plugins.module_utils._metrics.collector import FILE
from ansible_collections.mailops.ses.plugins.module_utils._metrics.exposition import Relay
from ansible_collections.mailops.ses.plugins.module_utils._metrics.units import SERVICE, TIMER, directory_of, units

RELAY = Relay("postfix", "email-smtp.us-east-1.amazonaws.com")


class Systemd:
    """The timer's state, and what was asked of it; the first of FAILS that is asked for fails."""

    def __init__(self, directory: Path) -> None:
        self.active = self.enabled = False
        self.fails = ""
        self.done: list[str] = []
        self.directory = directory

    def __call__(self, argv: Any) -> tuple[int, str, str]:
        words = list(argv)[1:]
        if words[0] == "is-active":
            return 0 if self.active else 3, "", ""
        if words[0] == "is-enabled":
            return 0, "enabled\n" if self.enabled else "disabled\n", ""
        self.done.append(" ".join(words))
        if self.fails and self.fails in self.done[-1]:
            return 1, "", "as the test has it"
        if words[-1] == TIMER:
            self.active = {"start": True, "restart": True, "stop": False, "disable": False}.get(words[0], self.active)
            self.enabled = {"enable": True, "disable": False}.get(words[0], self.enabled)
        elif words[0] == "start":
            (self.directory / FILE).write_text("metrics")
        return 0, "", ""


class Host:
    """A host below a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.node = root / "node-exporter"
        self.node.mkdir()
        self.systemd = Systemd(self.node)
        self.timer = Unit(TIMER, self.systemd)

    def run(self, directory: Path | None, relay: Relay = RELAY) -> installation.Metrics:
        metrics = installation.plan(relay, str(directory) if directory else None, self.timer)
        if directory:
            proofs.record("log_in", 1_700_000_000, proofs.FILE)
        installation.bring(metrics, self.timer)
        return metrics

    def files(self) -> dict[str, bytes]:
        """All that the host has."""
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(installation, "PATH", str(tmp_path / "lib" / "ses-metrics.pyz"))
    for name in ("_SERVICE", "_TIMER"):
        path = os.path.basename(getattr(installation, name))
        monkeypatch.setattr(installation, name, str(tmp_path / "system" / path))
    monkeypatch.setattr(proofs, "DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setattr(proofs, "FILE", str(tmp_path / "state" / "proofs.json"))
    return Host(tmp_path)


def test_it_is_written_started_and_then_left_alone(host: Host) -> None:
    first = host.run(host.node)
    assert first.changed
    assert {os.path.basename(one["path"]): one["changed"] for one in installation.result(first)} == {
        "ses-metrics.pyz": True,
        "ses-metrics.service": True,
        "ses-metrics.timer": True,
    }
    assert (host.systemd.active, host.systemd.enabled) == (True, True)
    # The look comes first: what cannot look is not started.
    assert host.systemd.done[:3] == ["daemon-reload", "start ses-metrics.service", "enable ses-metrics.timer"]
    written, host.systemd.done = host.files(), []
    second = host.run(host.node)
    assert (second.changed, second.diff(), host.systemd.done, host.files()) == (False, [], [], written)


def test_the_difference_shows_the_units_and_of_the_program_a_sum(host: Host) -> None:
    shown = {os.path.basename(one["after_header"]): one["after"] for one in host.run(host.node).diff()}
    assert shown["ses-metrics.pyz"].startswith("a program of mailops.ses, sha256 ")
    assert f"ReadWritePaths={host.node}\n" in shown["ses-metrics.service"]


def test_a_timer_that_was_stopped_is_started_again(host: Host) -> None:
    host.run(host.node)
    host.systemd.active = False
    assert host.run(host.node).changed
    assert host.systemd.active


def test_another_directory_and_another_mta_are_followed(host: Host) -> None:
    host.run(host.node)
    other = host.root / "other"
    other.mkdir()
    host.systemd.directory = other
    host.run(other, Relay("sendmail", "smtp.example"))
    assert not (host.node / FILE).exists()
    assert (other / FILE).exists()
    service = (host.root / "system" / "ses-metrics.service").read_text()
    assert f" sendmail smtp.example {other}\n" in service


def test_it_goes_without_a_trace(host: Host) -> None:
    host.run(host.node)
    gone = host.run(None)
    assert gone.changed
    assert host.files() == {}
    assert not os.path.exists(proofs.DIRECTORY)
    assert (host.systemd.active, host.systemd.enabled) == (False, False)
    # A look that has begun would write its file again.
    halted = [
        "disable --now ses-metrics.timer",
        "stop ses-metrics.service",
        "reset-failed ses-metrics.service",
        "daemon-reload",
    ]
    assert host.systemd.done[-4:] == halted
    assert not proofs.kept()


def test_what_a_failed_run_left_goes(host: Host) -> None:
    proofs.record("log_in", 1, proofs.FILE)
    assert proofs.kept()
    assert host.run(None).changed
    assert not proofs.kept()


@pytest.mark.parametrize("fails", ["start ses-metrics.service", "restart ses-metrics.timer", "daemon-reload"])
def test_where_a_first_step_fails_nothing_is_left(host: Host, fails: str) -> None:
    host.systemd.fails = fails
    with pytest.raises(proofs.MetricsError, match="of its metrics .* the host keeps what it had: .*") as failed:
        host.run(host.node)
    assert fails in str(failed.value)
    assert set(host.files()) <= {f"node-exporter/{FILE}"}
    assert not host.systemd.enabled
    assert not proofs.kept()


def test_where_a_change_fails_the_host_has_what_it_had(host: Host) -> None:
    host.run(host.node)
    before = host.files()
    host.systemd.fails = "start ses-metrics.service"
    with pytest.raises(proofs.MetricsError):
        host.run(host.node, Relay("postfix", "smtp.example"))
    assert host.files() == before
    assert (host.systemd.active, host.systemd.enabled) == (True, True)
    assert host.systemd.done[-1] == "restart ses-metrics.timer"


def test_in_an_image_nothing_starts(host: Host) -> None:
    host.timer = Unit(TIMER, host.systemd, offline=True)
    host.run(host.node)
    assert host.systemd.done == ["enable ses-metrics.timer"]
    assert not host.run(host.node).changed


def test_a_directory_of_a_killed_run_is_swept(host: Host) -> None:
    (host.root / "lib" / ".mailops-left").mkdir(parents=True)
    host.run(host.node)
    assert not (host.root / "lib" / ".mailops-left").exists()


def test_proofs_are_no_change(host: Host) -> None:
    host.run(host.node)
    proofs.record("log_in", 1_700_009_999, proofs.FILE)
    metrics = installation.plan(RELAY, str(host.node), host.timer)
    assert not metrics.changed
    assert json.loads(Path(proofs.FILE).read_text()) == {"log_in": 1_700_009_999}


def test_the_unit_names_its_directory() -> None:
    texts = units(*RELAY, "/var/lib/node+x@1")
    assert "PrivateTmp=yes" in texts[SERVICE]  # the host is read-only to it, and Postfix's queue is read by a file
    assert directory_of(texts["ses-metrics.service"]) == "/var/lib/node+x@1"
    assert directory_of("") is None
