# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive that the timer runs, and what it keeps of proofs."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._metrics import collector, program, proofs
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import Message, QueueError

ROOMS = Path(__file__).parents[5] / "plugins" / "module_utils"


def imported(name: str) -> set[str]:
    """What a file of the rooms imports of them, and what else it imports."""
    found = set()
    for node in ast.walk(ast.parse((ROOMS / f"{name}.py").read_text())):
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").removeprefix(f"{program.ROOM}.").replace(".", "/")
            inner = [f"{module}/{alias.name}" for alias in node.names]
            found |= {one for one in inner if (ROOMS / f"{one}.py").is_file()} or {module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_the_archive_has_what_its_files_import_and_nothing_else() -> None:
    todo, found, others = ["_metrics/collector"], set(), set()
    while todo:
        name = todo.pop()
        found.add(name)
        for one in imported(name) - found:
            (todo.append if (ROOMS / f"{one}.py").is_file() else others.add)(one)
    assert set(program.SOURCES) == found
    assert list(program.SOURCES) == sorted(program.SOURCES)
    assert not [name for name in others if name.startswith("ansible")]


def test_the_archive_is_the_same_each_time_and_runs_by_itself(tmp_path: Path) -> None:
    assert program.program() == program.program()
    archive = tmp_path / "ses-metrics.pyz"
    archive.write_bytes(program.program())
    command = [sys.executable, "-I", str(archive), "postfix", "smtp.example", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env={"PATH": "/nonexistent"})
    assert done.returncode == 0, done.stderr
    text = (tmp_path / collector.FILE).read_text()
    assert 'ses_relay_info{mta="postfix",endpoint="smtp.example"} 1' in text
    assert ("ses_relay_queue_read_success 0" in text) == ("Postfix is not installed" in done.stderr)


def test_a_look_is_written_at_once_for_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "queue_of", lambda _mta: [Message("deferred", 1_700_000_000.0)])
    monkeypatch.setattr(collector, "proofs", lambda: {"mail": 1_700_000_100.0})
    (tmp_path / f".{collector.FILE}.new").write_text("cut off")
    before = os.umask(0o077)
    try:
        collector.main(["sendmail", "smtp.example", str(tmp_path)])
    finally:
        os.umask(before)
    assert os.listdir(tmp_path) == [collector.FILE]
    file = tmp_path / collector.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert 'ses_relay_queue_messages{state="deferred"} 1\n' in file.read_text()
    assert "ses_relay_queue_oldest_message_timestamp_seconds 1700000000\n" in file.read_text()
    assert 'ses_relay_proof_timestamp_seconds{proof="mail"} 1700000100\n' in file.read_text()


def test_a_link_in_the_directory_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "queue_of", lambda _mta: [])
    other = tmp_path / "other"
    other.write_text("a host's own")
    directory = tmp_path / "node-exporter"
    directory.mkdir()
    for name in (collector.FILE, f".{collector.FILE}.new"):
        (directory / name).symlink_to(other)
    collector.main(["sendmail", "smtp.example", str(directory)])
    assert other.read_text() == "a host's own"
    assert not (directory / collector.FILE).is_symlink()


def test_a_queue_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_mta: str) -> list[Message]:
        raise QueueError("no postqueue here")

    monkeypatch.setattr(collector, "queue_of", fail)
    collector.main(["postfix", "smtp.example", str(tmp_path)])
    assert "ses_relay_queue_read_success 0\n" in (tmp_path / collector.FILE).read_text()
    assert capsys.readouterr().err == "<4>ses-metrics: no postqueue here\n"


def test_proofs_are_kept_by_kind_and_survive_damage(tmp_path: Path) -> None:
    path = str(tmp_path / "state" / "proofs.json")
    assert proofs.proofs(path) == {}
    proofs.record("log_in", 1_700_000_000.7, path)
    proofs.record("mail", 1_700_000_001, path)
    proofs.record("log_in", 1_700_000_002, path)
    assert proofs.proofs(path) == {"log_in": 1_700_000_002, "mail": 1_700_000_001}
    for damage in ("", "{", "[1]", '{"mail": "x"}', "null"):
        Path(path).write_text(damage)
        assert proofs.proofs(path) == {}
    proofs.record("mail", 1_700_000_003, path)
    assert proofs.proofs(path) == {"mail": 1_700_000_003}
