# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin by ansible itself: what it writes and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import report_samples as samples

COLLECTIONS = Path(__file__).parents[4] / ".cache" / "collections"
ANSIBLE = Path(sys.executable).parent / "ansible"
FILES = ["junit.xml", "report.html", "report.json"]


def run(tmp_path, *arguments, **options):
    """One task on a host that nobody can reach."""
    module = ["-m", "mailops.ses.check_report", "-a", json.dumps(options)]
    command = [ANSIBLE, "all", "-i", "nowhere.invalid,", *module, *arguments]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_it_writes_three_files_below_the_current_directory(tmp_path, arguments):
    results = samples.small()
    given = {
        name: {host: result[key] for host, result in results.items()}
        for name, key in (("checks", "check"), ("queues", "queue"))
    }
    done = run(tmp_path, *arguments, **given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout  # and not CHANGED
    folder = tmp_path / "ses-report"
    assert sorted(os.listdir(folder)) == FILES
    report = json.loads((folder / "report.json").read_text())
    assert report["summary"] == {
        **{"hosts": 3, "can_send": 1, "can_log_in": 0, "not_logged_in": 0, "only_accepted": 0},
        **{"cannot_send": 1, "mail_waits": 0, "unreachable": 1, "not_checked": 0},
    }
    assert ElementTree.parse(folder / "junit.xml").getroot().get("failures") == "1"
    assert "1 of 3 hosts can send" in (folder / "report.html").read_text()
    assert "Cannot send: web2.corp.example.com. Unreachable: web3.corp.example.com." in done.stdout


@pytest.mark.parametrize("queues", [{}, {"web4": samples.throttled(12)}])
def test_what_host_check_registered_makes_the_same_report_as_its_parts(tmp_path, queues):
    results = {**samples.small(), "web4": {"check": {"failed": True, "msg": "vault_key is undefined"}}}
    results["web1.corp.example.com"]["probe"] = samples.PROBES["delivered"]
    whole = {host: result if "ports" in result["check"] else result["check"] for host, result in results.items()}
    parts = {
        f"{part}s": {host: result[part] for host, result in results.items() if part in result}
        for part in ("check", "queue", "probe")
    }
    parts["queues"]["web4"] = queues.get("web4", whole["web4"])
    for name, given in (("whole", {"hosts": whole, "queues": queues}), ("parts", parts)):
        done = run(tmp_path, **{**given, "directory": name})
        assert done.returncode == 0, done.stdout + done.stderr
    reports = [json.loads((tmp_path / name / "report.json").read_text()) for name in ("whole", "parts")]
    for report in reports:
        report.pop("generated_at")
    assert reports[0] == reports[1]
    assert [host["queue"] and host["queue"]["messages"] for host in reports[0]["hosts"]] == [
        *(0, 13, None, queues.get("web4", {}).get("messages"))
    ]


def test_it_takes_the_place_of_older_reports_and_follows_the_umask(tmp_path):
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("old")
    before = os.umask(0o077)
    try:
        done = run(tmp_path, checks={}, directory=str(folder))
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(os.listdir(folder)) == FILES
    assert json.loads((folder / "report.json").read_text())["hosts"] == []
    assert "No host was checked." in done.stdout
    assert {(folder / name).stat().st_mode & 0o777 for name in FILES} == {0o600}


def test_tasks_of_the_first_release_still_run(tmp_path):
    done = run(tmp_path, checks={"web1": {"msg": "ses_region is empty."}}, variables={"region": "ses_region"})
    assert "The check gave no result: ses_region is empty." in done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"checks": {}, "directory": "taken/below"}, "ses_report_dir"),
        ({"checks": {"web1": "yes"}}, "checks: what web1 has"),
        ({"checks": {}, "queues": {"web1": []}}, "queues: what web1 has"),
        ({"hosts": {"web1": []}}, "hosts: what web1 has"),
        ({"directory": "here"}, "one of the following is required: hosts, checks"),
        ({"checks": {}, "color": "red"}, "color"),
    ],
)
def test_it_says_what_is_wrong(tmp_path, options, words):
    (tmp_path / "taken").write_text("a file")
    done = run(tmp_path, **options)
    assert done.returncode != 0
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
