# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of _sendmail that need no Sendmail; the others are tested in molecule/sendmail."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import (
    SendmailError,
    check,
    control_socket,
    hang_up,
    loaded_at,
    older,
    silent,
    version,
)


def test_the_version_stands_in_the_cf():
    assert version("# x\nDZ8.18.1/Debian-6\n") == "8.18.1"
    assert version("") == ""


def test_a_silent_candidate_logs_nothing_and_keeps_its_lines():
    assert silent("# x\nO LogLevel=9\nO A=b\n# y\n") == "O LogLevel=0\nO LogLevel=0\nO A=b\n# y\n"
    assert silent("\nO A=b\n") == "O LogLevel=0\nO A=b\n"
    assert silent("O A=b\n# x\n") == "O A=b\n# x\n"


def test_a_way_that_every_mail_takes_is_to_be_the_wanted_mailer(monkeypatch):
    said = "probe@ses-probe.invalid... deliverable: mailer smtp, host [10.0.0.1], user probe@ses-probe.invalid\n"
    monkeypatch.setattr(tools, "run", lambda _command: (0, said, ""))
    check("/tmp/sendmail.cf")
    check("/tmp/sendmail.cf", "smtp")
    with pytest.raises(SendmailError, match=r"the mailer smtp and the host \[10.0.0.1\], not to ses_relay: remove "):
        check("/tmp/sendmail.cf", "ses_relay")


@pytest.mark.parametrize(("name", "runs"), [("sendmail-mta", True), ("sendmail", True), ("bash", False)])
def test_a_running_daemon_wrote_its_pid_file_when_it_last_loaded(tmp_path: Path, name, runs):
    pid_file = tmp_path / "pid"
    pid_file.write_text("77\n/usr/sbin/sendmail-mta -bd\n")
    os.utime(pid_file, (1000, 1000))
    (tmp_path / "77").mkdir()
    (tmp_path / "77" / "stat").write_text(f"77 ({name}) S 1 " + "0 " * 17 + "500 0\n")
    running = loaded_at(f"O PidFile={pid_file}\n", str(tmp_path))
    assert (running is not None) is runs
    if running:
        assert running["loaded"] == 1000


def test_no_pid_file_no_daemon(tmp_path):
    assert loaded_at(f"O PidFile={tmp_path}/none\n") is None


def test_a_daemon_may_have_a_control_socket():
    assert control_socket("#O ControlSocketName=/a\nO ControlSocketName=/run/c\n") == "/run/c"
    assert control_socket("#O ControlSocketName=/a\n") == ""


def test_queues_are_those_of_the_groups_and_the_one_of_the_option():
    cf = "#O QueueDirectory=/x\nO QueueDirectory=/q\nQmqueue, P=/q, R=1\nQbursts, P=/q/bursts, R=1, J=50, I=4s\n"
    assert tools.queues(cf) == ["/q", "/q/bursts"]
    assert tools.queues("Qa, F=f, Path=/a\n") == ["/a"]


@pytest.fixture
def proc(tmp_path):
    """A /proc with processes as they are asked for, and the .cf of one of them."""

    def process(number, parent=1, started=500, name="sendmail-mta", ended=False):
        place = tmp_path / "proc" / str(number)
        place.mkdir(parents=True)
        (place / "stat").write_text(f"{number} ({name}) S {parent} " + "0 " * 17 + f"{started} 0\n")
        if not ended:
            (place / "exe").symlink_to("/usr/sbin/sendmail")
        pid_file = tmp_path / f"pid{number}"
        pid_file.write_text(f"{number}\n")
        return f"O PidFile={pid_file}\n"

    process.root = str(tmp_path / "proc")
    return process


@pytest.mark.parametrize(
    ("other", "found"),
    [({"started": 100}, True), ({"started": 900000}, False), ({"started": 100, "name": "perl"}, False)],
)
def test_a_run_that_began_before_is_older(proc, other, found):
    mta, msp = proc(7), proc(8)
    proc(9, parent=7, **other)
    than = loaded_at(mta, proc.root)["started"] + 100
    assert older(mta, msp, than, proc.root) is found


def test_a_flushing_daemon_is_hung_up_when_its_run_is_over(proc, monkeypatch):
    cf = proc(7)
    proc(8, parent=7)
    proc(9, parent=7, ended=True)
    sent = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    monkeypatch.setattr(tools.time, "sleep", lambda _seconds: os.unlink(f"{proc.root}/8/exe"))
    hang_up(cf, 5.0, proc.root)
    assert sent == [(7, signal.SIGSTOP), (7, signal.SIGHUP), (7, signal.SIGCONT)]
    assert not os.path.lexists(f"{proc.root}/8/exe")  # it waited


def test_one_whose_run_does_not_end_is_not_left_stopped(proc, monkeypatch):
    cf = proc(7)
    proc(8, parent=7)
    sent = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: sent.append(number))
    hang_up(cf, 0.2, proc.root)
    assert sent == [signal.SIGSTOP, signal.SIGHUP, signal.SIGCONT]
    hang_up(f"O PidFile={proc.root}/none\n", 0.2, proc.root)
    assert len(sent) == 3


def test_it_is_not_left_stopped_by_a_run_that_is_killed(proc):
    with subprocess.Popen(["sleep", "60"]) as daemon:
        try:
            cf = proc(daemon.pid)
            proc(8, parent=daemon.pid)
            run = os.fork()
            if not run:
                hang_up(cf, 60.0, proc.root)
                os._exit(1)
            assert reaches(daemon.pid, "T")
            os.kill(run, signal.SIGKILL)
            os.waitpid(run, 0)
            assert reaches(daemon.pid, "S")
        finally:
            daemon.kill()


def reaches(pid, state):
    """Whether the process comes into this state."""
    end = time.monotonic() + 60
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != state:
        if time.monotonic() > end:
            return False
        time.sleep(0.02)  # the interval of a bounded poll
    return True
