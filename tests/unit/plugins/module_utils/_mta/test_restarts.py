# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd is told of each MTA; that it does what it should is tested with real daemons that are killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.restarts import postfix_files, sendmail_files

POSTFIX = postfix_files("postfix@-", "/var/spool/100%")
PATHS = {
    "pid_file": "/var/run/sendmail/mta/sendmail.pid",
    "control": "/var/run/sendmail/mta/smcontrol",
    "settings_file": "/etc/mail/sendmail.conf",
}
SENDMAIL = {
    name: sendmail_files("sendmail", **PATHS, msp=msp, debian=debian)
    for name, msp, debian in (("Debian", True, True), ("Debian without", False, True), ("Red Hat", True, False))
}
# How Sendmail's daemon takes what it is told, and begins anew.
DAEMON = """
import os, pathlib, signal, socket, sys
def told(how):
    print(how, flush=True)
    pathlib.Path("pid").write_text("1\\n")
signal.signal(signal.SIGHUP, lambda *_: told("HUP"))
pathlib.Path("pid").write_text(f"{os.getpid()}\\nsendmail -bd\\n")
control = socket.socket(socket.AF_UNIX)
if sys.argv[1:]:
    control.bind("control")
    control.listen()
print("ready", flush=True)
if not sys.argv[1:]:
    while True:
        signal.pause()
client, _ = control.accept()
asked = client.recv(99).decode()
client.send(b"OK")
told(asked.strip())
signal.pause()
"""
MTA = "sendmail.service.d/50-mailops-ses.conf"
MSP = "mailops-ses-msp.service"


@pytest.mark.parametrize("files", [POSTFIX, *SENDMAIL.values()])
def test_each_file_says_whose_it_is_and_has_a_limit_and_no_setting_twice(files):
    for text in filter(None, files.values()):
        assert text.startswith("# Written by Ansible (mailops.ses): ")
        lines = text.splitlines()
        settings = [line for line in lines if line and line[0] not in "#["]
        assert len(settings) == len(set(settings))
        assert all(
            "=" in line and ("{" not in line.replace("${", "") or " perl " in line.replace("/", " "))
            for line in settings
        )
        assert {"StartLimitIntervalSec=10min", "StartLimitBurst=30", "RestartSec=5s"} < set(lines)
        assert lines.index("[Unit]") < lines.index("StartLimitBurst=30") < lines.index("[Service]")


def test_postfix_is_known_by_its_masters_process_id():
    ((name, text),) = POSTFIX.items()
    assert name == "postfix@-.service.d/50-mailops-ses.conf"
    assert "\nPIDFile=/var/spool/100%%/pid/master.pid\n" in text


def test_debians_two_daemons_have_a_unit_each():
    files = SENDMAIL["Debian"]
    assert sorted(files) == [MSP, MTA]
    assert f"\nWants={MSP}\n" in files[MTA]
    assert "\nPIDFile=/run/sendmail/mta/sendmail.pid\n" in files[MTA]
    assert "-q$${MSP_INTERVAL} $$MSP_PARMS $$MISC_PARMS -d99.100'\n" in files[MSP]


def test_debians_daemon_loads_its_files_by_its_control_socket():
    """A SIGHUP, which is what its script sends, would cut off mail that is being sent."""
    command = SENDMAIL["Debian"][MTA].partition("ExecReload=\nExecReload=")[2].partition("\n")[0]
    assert command.startswith("/usr/bin/perl -MIO::Socket::UNIX -e 'sub id { open(my $$f,")
    assert command.endswith("' /run/sendmail/mta/smcontrol /run/sendmail/mta/sendmail.pid")


def test_where_no_daemon_flushes_what_was_submitted_there_is_no_unit_for_it():
    files = SENDMAIL["Debian without"]
    assert files[MSP] is None
    assert MSP not in files[MTA]


def test_red_hats_two_units_are_told_alike():
    files = SENDMAIL["Red Hat"]
    assert sorted(files) == [MTA, "sm-client.service.d/50-mailops-ses.conf"]
    assert all("Restart=always" in text for text in files.values())


@pytest.mark.skipif(not os.access("/usr/bin/python3", os.X_OK), reason="the system has no Python of its own here")
@pytest.mark.parametrize("listens", [True, False], ids=["control", "no control"])
def test_red_hats_daemon_loads_its_files_by_its_control_socket_if_it_has_one(tmp_path, listens):
    """The unit's command itself, with a daemon that writes down how it was told, and then another process id."""
    daemon = subprocess.Popen(
        [sys.executable, "-c", DAEMON, *(["listens"] if listens else [])],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert daemon.stdout.readline() == "ready\n"
        # Below the directory itself: a socket's path is short.
        paths = {**PATHS, "pid_file": "pid", "control": "control"}
        text = sendmail_files("sendmail", **paths, msp=True, debian=False)[MTA] or ""
        words = re.search(r"^ExecReload=/bin/sh -c '([^'\\\n]+)'$", text, re.MULTILINE)[1].replace("$$", "$")
        subprocess.run(["/bin/sh", "-c", words], cwd=tmp_path, check=True, timeout=60)
        assert (tmp_path / "pid").read_text() == "1\n"
        assert daemon.stdout.readline() == ("restart\n" if listens else "HUP\n")
    finally:
        daemon.kill()
        daemon.wait()
