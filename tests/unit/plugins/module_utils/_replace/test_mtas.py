# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the MTAs, of files and processes of this machine."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host import command
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import QueueError
from ansible_collections.mailops.ses.plugins.module_utils._replace import mtas
from ansible_collections.mailops.ses.plugins.module_utils._replace.mtas import (
    MTAS,
    DrainError,
    Mta,
    files,
    processes,
)


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Give the host a program that says something."""

    def program(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    monkeypatch.setattr(mtas, "SEARCH_PATH", str(tmp_path))
    monkeypatch.setitem(command.ENVIRONMENT, "PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


@pytest.mark.parametrize("mode", [0o2555, 0o2755, 0o4755, 0o750, 0o2711, 0o2710])
def test_a_closed_program_opens_with_its_own_mode(tmp_path, mode):
    path = tmp_path / "postdrop"
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    mta = Mta(waiting=dict, entrances=(str(path), str(tmp_path / "not there")))
    assert (mta.opened(), mta.closed()) == (True, False)
    mta.close()
    assert (mta.opened(), mta.closed()) == (False, True)
    with pytest.raises(PermissionError):  # root, too
        subprocess.run([path], check=False)
    mta.open()
    assert path.stat().st_mode & 0o7777 == mode


def test_a_program_that_root_alone_runs_is_closed_if_it_is_for_users(tmp_path):
    path = tmp_path / "postdrop"
    path.write_text("")
    mta = Mta(waiting=dict, entrances=(str(path),))
    for mode, users in ((0o2755, True), (0o2744, False), (0o744, True), (0o2644, False)):
        path.chmod(mode)
        assert (mta.opened(), mta.closed()) == (users, not users)
    mta.open_to_root()
    assert path.stat().st_mode & 0o7777 == 0o2744


@pytest.mark.parametrize(("closed", "opened"), [(0o2644, 0o2755), (0o2600, 0o2711), (0o640, 0o750), (0o2744, 0o2755)])
def test_a_program_that_another_run_has_closed_opens_for_its_users(tmp_path, closed, opened):
    path = tmp_path / "postdrop"
    path.touch()
    path.chmod(closed)
    Mta(waiting=dict, entrances=(str(path),)).open()
    assert path.stat().st_mode & 0o7777 == opened


def test_a_program_that_cannot_be_closed_is_told(tmp_path, monkeypatch):
    path = tmp_path / "postdrop"
    path.touch(0o755)

    def refuse(*_given):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    with pytest.raises(DrainError, match="cannot be changed: Operation not permitted"):
        Mta(waiting=dict, entrances=(str(path),)).close()


def test_a_flush_asks_the_program_that_the_host_has(program, tmp_path):
    """Sendmail's has another name where it is the second MTA."""
    os.mkfifo(tmp_path / "asked")
    asked = os.open(tmp_path / "asked", os.O_RDONLY | os.O_NONBLOCK)
    program("sendmail.sendmail", f"echo $1 >{tmp_path}/asked")
    Mta(waiting=dict, flushes=(("sendmail-mta", "-q"), ("sendmail.sendmail", "-q"))).flush()
    assert select.select([asked], [], [], 10)[0]
    assert os.read(asked, 100) == b"-q\n"
    os.close(asked)


def test_processes_of_this_host(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in processes([sys.executable])
        assert child.pid not in processes(["/usr/sbin/sendmail-mta"])
        child.communicate(b"\n")
    assert child.pid not in processes([sys.executable])


@pytest.mark.parametrize(
    ("exe", "namespace", "found"),
    [
        ("/usr/lib/postfix/sbin/master", "pid:[1]", [7]),
        ("/usr/lib/postfix/sbin/master (deleted)", "pid:[1]", [7]),
        ("/usr/lib/postfix/sbin/master", "pid:[2]", []),  # of a container on this host
        ("/usr/lib/systemd/systemd", "pid:[1]", []),
    ],
)
def test_only_this_hosts_own_processes_are_found(tmp_path, exe, namespace, found):
    for entry, link, pid in (("self", "/usr/bin/python3", "pid:[1]"), ("7", exe, namespace)):
        (tmp_path / entry / "ns").mkdir(parents=True)
        os.symlink(link, tmp_path / entry / "exe")
        os.symlink(pid, tmp_path / entry / "ns" / "pid")
    assert processes(["/usr/lib/postfix/sbin/master"], str(tmp_path)) == found


def runs(mta, child):
    """It is the MTA's program that runs, and not its parent's any more."""
    end = time.monotonic() + 60  # a guard against hanging: it takes a moment
    while mta.processes() != [child.pid]:
        assert time.monotonic() < end


def test_a_process_that_nobody_ends_is_ended(monkeypatch, tmp_path):
    def end(process, number):
        monkeypatch.setattr(mtas, "END_SECONDS", 60.0)  # the time before is waited out, this one ends with the process
        kill(process, number)

    kill = os.kill
    monkeypatch.setattr(mtas.os, "kill", end)
    monkeypatch.setattr(mtas, "END_SECONDS", 0.3)
    program = shutil.copy2(shutil.which("sleep"), tmp_path / "daemon")  # which nothing else on this machine runs
    with subprocess.Popen([program, "60"]) as child:
        mta = Mta(waiting=dict, programs=(str(program),))
        runs(mta, child)
        mta.stop()
        assert mta.processes() == []
        assert child.wait(60) == -signal.SIGTERM


def test_a_process_that_does_not_end_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(mtas, "END_SECONDS", 0.3)
    program = shutil.copy2(shutil.which("sleep"), tmp_path / "daemon")
    deaf = ["sh", "-c", 'trap "" TERM; exec "$0" 60', program]
    with subprocess.Popen(deaf) as child:
        mta = Mta(waiting=dict, programs=(str(program),))
        runs(mta, child)
        try:
            with pytest.raises(DrainError, match=f"^its processes do not end: {child.pid}$"):
                mta.stop()
        finally:
            child.kill()


@pytest.mark.parametrize(
    ("systemctl", "said"),
    [("echo 'Job failed.  See' >&2; exit 1", "Job failed. See$"), ("exit 0", "see systemctl status old$")],
)
def test_a_daemon_that_does_not_come_up_is_told(program, systemctl, said):
    program("systemctl", systemctl)
    with pytest.raises(DrainError, match=f"^it does not start: {said}"):
        Mta(waiting=dict, unit="old").start()


def test_exims_queue_is_counted(program):
    program("exim4", "test $1 = -bpc && echo 3")
    assert len(MTAS["exim4"].waiting()) == 3
    program("exim4", "echo 0")
    assert MTAS["exim4"].waiting() == {}


@pytest.mark.parametrize("script", ["echo 'exim: permission denied' >&2; exit 1", "echo many"])
def test_exim_that_does_not_tell(program, script):
    program("exim4", script)
    with pytest.raises(QueueError, match="exim4 -bpc does not tell"):
        MTAS["exim4"].waiting()


def test_postfixs_own_queue_directory(program, tmp_path):
    (tmp_path / "elsewhere" / "deferred").mkdir(parents=True)
    (tmp_path / "elsewhere" / "deferred" / "A1").write_text("mail")
    (tmp_path / "elsewhere" / "deferred" / "A1").chmod(0o700)
    program("postconf", f"printf '{tmp_path}/elsewhere\\n\\n'")
    assert MTAS["postfix"].waiting() == {"A1": "deferred"}


def test_further_instances_of_postfix_are_refused(program):
    program("postconf", "printf '/var/spool/postfix\\n/etc/postfix-out\\n'")
    with pytest.raises(QueueError, match="/etc/postfix-out"):
        MTAS["postfix"].waiting()


@pytest.mark.parametrize("name", [name for name, mta in MTAS.items() if mta.waiting is not dict])
def test_an_mta_with_a_queue_is_known_by_its_program(name):
    """Without one it would count as gone, and its mail as left behind by a package that was removed."""
    assert MTAS[name].programs


def test_a_queue_of_files(tmp_path):
    (tmp_path / "Q1").write_text("mail")
    assert files(f"{tmp_path}/Q*")() == {f"{tmp_path}/Q1": "queued"}
