# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of _sendmail that need no Sendmail; the others are tested in molecule/sendmail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import (
    SendmailError,
    check,
    loaded_at,
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
