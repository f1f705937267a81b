# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of ours beside a unit's own: what the host sets stays, and what fails leaves nothing behind."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError
from ansible_collections.mailops.ses.plugins.module_utils._host.unit_files import (
    DIRECTORY,
    DROP_IN,
    in_place,
    plan_files,
)

NAME = f"mta@-.service.d/{DROP_IN}"
TEXT = """\
# Ours.

[Unit]
Wants=network-online.target
StartLimitBurst=30

[Service]
PIDFile=/run/mta.pid
Restart=on-failure
# Not at once.
RestartSec=5s
ExecStartPost=-/bin/flush
"""


@pytest.fixture
def host(tmp_path):
    """Put files of systemd on a host, and plan ours."""

    def host(text=TEXT, name=NAME, **files):
        for path, content in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        (file,) = plan_files({name: text}, str(tmp_path))
        return file

    return host


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"lib/systemd/system/mta@.service": "[Service]\nRestart=no\nPIDFile=/other\n"},
        {f"etc/systemd/system/{NAME}": "[Service]\nRestart=always\n"},
        {"etc/systemd/system/other.service.d/x.conf": "[Service]\nRestart=always\n"},
        {"etc/systemd/system/mta@-.service.d/x.conf": "# Restart=no\n[Unit]\nAfter=a\n[Service]\nExecStartPost=b\n"},
        {
            "etc/systemd/system/mta@.service": "[Service]\nType=forking\n",
            "lib/systemd/system/mta@.service": "[Service]\nRestart=always\n",
        },
    ],
)
def test_where_the_host_decides_nothing_the_file_is_whole(host, files):
    file = host(**files)
    assert (file.after, file.kept) == (TEXT, ())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/systemd/system/mta@-.service.d/x.conf", "[Service]\nRestart = no\n"),
        ("etc/systemd/system/mta@.service.d/x.conf", "[Service]\nRestart=\\\nalways\n"),
        ("usr/lib/systemd/system/service.d/x.conf", "[Service]\nRestart=always\n"),
        ("run/systemd/system/mta@-.service", "[Service]\nRestart=on-failure\n"),
        ("lib/systemd/system/mta@.service", "[Service]\nRestart=always\n"),
    ],
)
def test_a_hosts_own_decision_on_restarts_stays(host, path, text):
    file = host(**{path: text})
    assert file.kept == ("StartLimitBurst", "Restart", "RestartSec")
    assert file.after == (
        "# Ours.\n\n[Unit]\nWants=network-online.target\n\n[Service]\nPIDFile=/run/mta.pid\nExecStartPost=-/bin/flush\n"
    )


def test_another_setting_of_the_host_stays_alone(host):
    file = host(**{"etc/systemd/system/mta@-.service.d/x.conf": "[Service]\nRestartSec=1min\n"})
    assert file.kept == ("RestartSec",)
    assert "Not at once" not in file.after
    assert "Restart=on-failure" in file.after


def test_what_is_there_already_does_not_change(host):
    file = host(**{f"etc/systemd/system/{NAME}": TEXT})
    assert not file.changed
    assert file.result() == {"path": file.path, "changed": False, "kept": []}


@pytest.mark.parametrize("text", [TEXT, None])
def test_a_file_that_the_host_has_masked_stays_so(host, tmp_path, text):
    """The link names the device, in whose place a written file would come."""
    (tmp_path / DIRECTORY[1:] / NAME).parent.mkdir(parents=True)
    (tmp_path / DIRECTORY[1:] / NAME).symlink_to("/dev/null")
    file = host(text=text)
    assert not file.changed
    assert file.kept == (
        ("Wants", "StartLimitBurst", "PIDFile", "Restart", "RestartSec", "ExecStartPost") if text else ()
    )


class Systemd:
    """Which files are there as systemd reads them."""

    def __init__(self, path, status=0):
        self.path, self.status, self.read = path, status, []

    def __call__(self, argv):
        assert argv[1] == "daemon-reload"
        self.read.append(self.path.read_text() if self.path.exists() else None)
        return self.status, "", "no"


@pytest.mark.parametrize("before", [None, "old\n"])
@pytest.mark.parametrize("after", [TEXT, None])
def test_it_is_written_before_and_put_back_after_what_fails(host, tmp_path, before, after):
    own = {f"{DIRECTORY[1:]}/{NAME}": before} if before else {}
    (tmp_path / DIRECTORY[1:]).mkdir(parents=True)
    file = host(text=after, **own)
    path = tmp_path / DIRECTORY[1:] / NAME
    systemd = Systemd(path)

    def fail():
        with in_place([file], Unit("mta", systemd)):
            assert systemd.read == [after]
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert systemd.read == [after, before]
    assert [entry.name for entry in (tmp_path / DIRECTORY[1:]).iterdir()] == (["mta@-.service.d"] if before else [])

    with in_place([file], Unit("mta", systemd)):
        pass
    assert systemd.read[2:] == [after]
    if after:
        assert path.stat().st_mode & 0o777 == 0o644
        assert [entry.name for entry in path.parent.iterdir()] == [DROP_IN]


def test_a_unit_of_ours_that_was_started_stops_before_it_goes(host, tmp_path):
    file = host(name="ours.service")
    (tmp_path / DIRECTORY[1:]).mkdir(parents=True)
    done = []

    def systemd(argv):
        done.append((argv[1:], (tmp_path / DIRECTORY[1:] / "ours.service").exists()))
        return 0, "", ""

    def fail():
        with in_place([file], Unit("mta", systemd)):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert done == [(["daemon-reload"], True), (["stop", "ours.service"], True), (["daemon-reload"], False)]


def test_a_unit_of_ours_that_goes_stops_first(host, tmp_path):
    path = tmp_path / DIRECTORY[1:] / "ours.service"
    file = host(text=None, name="ours.service", **{f"{DIRECTORY[1:]}/ours.service": "old\n"})
    done = []

    def systemd(argv):
        done.append((argv[1:], path.exists()))
        return 0, "", ""

    with in_place([file], Unit("mta", systemd)):
        pass
    assert done == [(["stop", "ours.service"], True), (["daemon-reload"], False)]


def test_where_systemd_does_not_read_it_it_goes_again(host, tmp_path):
    file = host()
    (tmp_path / DIRECTORY[1:]).mkdir(parents=True)
    systemd = Systemd(tmp_path / DIRECTORY[1:] / NAME, status=1)
    with pytest.raises(UnitError, match="daemon-reload failed: no"), in_place([file], Unit("mta", systemd)):
        raise AssertionError
    assert systemd.read == [TEXT, None]


@pytest.mark.parametrize("own", [{}, {f"{DIRECTORY[1:]}/{NAME}": TEXT}], ids=["before the rename", "after it"])
def test_what_a_killed_run_left_goes(host, tmp_path, own):
    file = host(**{f"etc/systemd/system/mta@-.service.d/.mailops-x/{DROP_IN}": "half"}, **own)
    with in_place([file], Unit("mta", Systemd(tmp_path / DIRECTORY[1:] / NAME))):
        pass
    assert [entry.name for entry in (tmp_path / DIRECTORY[1:] / "mta@-.service.d").iterdir()] == [DROP_IN]
