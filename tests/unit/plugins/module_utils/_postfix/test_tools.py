# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of _postfix that need no Postfix; the others are tested in molecule/config."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix import tools
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import (
    Postfix,
    _listen,
    anonymous_file,
    loaded_at,
    run,
    serving,
    words,
)

LOG = "Nov 24 13:27:10 - postfix/{name}[5421]: {text}"


def probe(tmp_path: Path, scripts: dict[str, str], log: list[str], patience: float = 10) -> dict[str, list[str]]:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(str(tmp_path / "log"))
        receiver.setblocking(False)
        for line in log:
            sender.sendto(line.encode(), str(tmp_path / "log"))
        started = {
            name: subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            for name, script in scripts.items()
        }
        return _listen(started, receiver, patience)


@pytest.mark.parametrize(
    ("scripts", "log", "said"),
    [
        ({"smtp": "echo hello; exec sleep 60", "smtpd": "echo 220 x"}, [], {}),
        ({"smtp": "exit 1"}, [], {"smtp": ["smtp refuses to start"]}),
        ({"smtp": "exit 0"}, [], {}),
        (
            {"smtp": "exit 1", "smtpd": "echo 220 x"},
            [LOG.format(name="smtp", text="warning: x"), LOG.format(name="smtp", text="fatal: bad a = b")],
            {"smtp": ["fatal: bad a = b"]},
        ),
        ({"smtp": "exit 1"}, [LOG.format(name="smtpd", text="fatal: other")], {"smtp": ["smtp refuses to start"]}),
    ],
)
def test_what_the_daemons_say(
    tmp_path: Path, scripts: dict[str, str], log: list[str], said: dict[str, list[str]]
) -> None:
    assert probe(tmp_path, scripts, log) == said


def test_a_daemon_that_waits_has_not_refused(tmp_path: Path) -> None:
    # Who waited for its end would take that for a refusal.
    script = f"exec {sys.executable} -c 'import sys, time; time.sleep(30); sys.exit(1)'"
    assert probe(tmp_path, {"smtpd": script}, [], patience=0.1) == {}


def test_a_table_for_stdin_is_in_memory_and_private() -> None:
    with anonymous_file(b"a b\n") as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
        assert os.fstat(file.fileno()).st_nlink == 0
        assert run(["cat"], file) == (0, "a b\n", "")


def test_the_candidates_path_is_taken_out_of_complaints() -> None:
    assert words("postconf: fatal: /s/candidate/main.cf: x\n", "/s/candidate") == "postconf: fatal: main.cf: x"


def test_without_postfix_no_candidate_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "SEARCH_PATH", str(tmp_path))
    assert not Postfix(str(tmp_path / "scratch")).installed
    assert os.listdir(tmp_path) == []


def process(proc: Path, pid: int, parent: int, name: str, ticks: int) -> None:
    (proc / str(pid)).mkdir(parents=True)
    rest = ["S", str(parent), *["0"] * 17, str(ticks), "0"]
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) {' '.join(rest)}\n")


def test_the_queue_manager_tells_of_the_last_reload(tmp_path: Path) -> None:
    (tmp_path / "queue" / "pid").mkdir(parents=True)
    (tmp_path / "queue" / "pid" / "master.pid").write_text("         10\n")
    proc = tmp_path / "proc"
    process(proc, 10, 1, "master", 1000)
    process(proc, 11, 10, "qmgr", 5000)
    process(proc, 12, 10, "smtp) S 1 (", 9000)
    process(proc, 13, 1, "qmgr", 8000)  # of another instance
    (proc / "self").mkdir()
    found = loaded_at(str(tmp_path / "queue"), str(proc))
    assert found
    second = os.sysconf("SC_CLK_TCK")
    assert found["loaded"] - found["started"] == pytest.approx(4000 / second)


@pytest.mark.parametrize("pid", ["", "10", "junk", "../x"])
def test_where_no_master_runs_nothing_is_loaded(tmp_path: Path, pid: str) -> None:
    (tmp_path / "pid").mkdir()
    (tmp_path / "pid" / "master.pid").write_text(pid)
    process(tmp_path, 10, 1, "bash", 1)
    assert loaded_at(str(tmp_path), str(tmp_path)) is None
    assert loaded_at(str(tmp_path / "none"), str(tmp_path)) is None


def test_a_service_is_served_by_the_masters_own_processes(tmp_path: Path) -> None:
    (tmp_path / "pid").mkdir()
    (tmp_path / "pid" / "master.pid").write_text("10\n")
    process(tmp_path, 10, 1, "master", 1000)
    for pid, parent, command in (
        (11, 10, "smtp -n ses-identity1 -t unix -u"),
        (12, 10, "smtp -t unix -u -c"),
        (13, 1, "smtp -n ses-identity2 -t unix"),  # of another instance
        (14, 10, "bounce -z -n defer -t unix -u"),
    ):
        process(tmp_path, pid, parent, command.split()[0], 2000)
        (tmp_path / str(pid) / "cmdline").write_text(command.replace(" ", "\0") + "\0")
    asked = ["ses-identity1", "ses-identity2", "smtp", "defer"]
    assert serving(str(tmp_path), asked, str(tmp_path)) == ["defer", "ses-identity1"]
    assert serving(str(tmp_path / "none"), asked, str(tmp_path)) == []
