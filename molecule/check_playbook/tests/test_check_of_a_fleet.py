# SPDX-License-Identifier: GPL-3.0-or-later
"""The check playbook over hosts that are broken each in another way: its reports name the causes; nobody stops it."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from bench.output import executions
from testbed import engine
from testbed.relay import ENVIRONMENT, INVENTORY

HOSTS = ("check1", "check2", "check3", "check4")
RECIPIENT = "success@simulator.amazonses.com"
FOREIGN_REGION = "eu-west-1"  # its endpoint has an address of its own, apart from the DNS server's
CAUSES = {
    "check1": ["all_ports_swallowed"],
    "check2": ["name_unresolved"],
    "check3": ["credentials_invalid"],
    "check4": ["certificate_untrusted", "queue_unreadable"],
    "dead": ["host_unreachable"],
    "anonymous": ["not_logged_in"],
    "mistyped": ["not_checked"],
    "pythonless": ["module_failed"],
    "secretive": ["secret_access_key_as_password"],
}
VARIABLES = {
    "check1": {"ses_region": FOREIGN_REGION},
    "check3": {"ses_secret_access_key": "A" * 40},
    "check4": {"ses_tls_ca_file": "/etc/ssl/certs/ca-certificates.crt"},
    "anonymous": {"ses_smtp_username": None, "ses_secret_access_key": None},
    "mistyped": {"ses_region": "us-est1"},
    "pythonless": {"ansible_python_interpreter": "/usr/local/bin/broken-python"},
    "secretive": {"ses_smtp_password": "B" * 40, "ses_secret_access_key": None},
}
ALIASES = dict.fromkeys(("anonymous", "mistyped", "pythonless", "secretive"), "check3")  # its container, renamed
# As it comes about when the standard library is gone or damaged.
# It ends a second later than it speaks: podman loses what a process says at its very end when the machine is busy.
BROKEN_PYTHON = '#!/bin/sh\nPYTHONHOME=/nowhere /usr/bin/python3 "$@"\ncode=$?\nsleep 1\nexit $code\n'
PORTS = [25, 465, 587, 2465, 2587]


@pytest.fixture(scope="module")
def fleet(layout):
    """Four bare hosts, and at the end none of them."""
    engine.renew(layout, list(HOSTS))
    yield layout
    engine.remove([layout.container(name) for name in HOSTS])


class Check:
    """A run of the playbook and what it wrote."""

    def __init__(self, layout, folder, variables, *arguments):
        names = ["dead", *HOSTS, *ALIASES] if variables else HOSTS  # first, where what runs once would meet it
        containers = {name: layout.container(ALIASES.get(name, name)) for name in names}
        hosts = {name: {"ansible_host": containers[name], **variables.get(name, {})} for name in names}
        inventory = folder / "fleet.json"
        inventory.write_text(json.dumps({"all": {"children": {"fleet": {"hosts": hosts}}}}))
        command = ["ansible-playbook", "-i", str(INVENTORY), "-i", str(inventory), "mailops.ses.check"]
        command += ["-e", json.dumps({"ses_hosts": "fleet"}), *arguments]
        self.done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=ENVIRONMENT)
        self.printed = self.done.stdout + self.done.stderr
        self.folder = folder / "ses-report"

    @property
    def report(self):
        return json.loads((self.folder / "report.json").read_text())

    @property
    def suites(self):
        return {suite.get("name"): suite for suite in ElementTree.parse(self.folder / "junit.xml").getroot()}

    @property
    def page(self):
        return (self.folder / "report.html").read_text()


class Rows(HTMLParser):
    """The text of each row of the grid, by its host."""

    def __init__(self, text):
        super().__init__()
        self.texts = []
        self.feed(text)

    def handle_starttag(self, tag, _attributes):
        if tag == "tbody":
            self.texts.append("")

    def handle_data(self, data):
        if self.texts:
            self.texts[-1] += f" {data}"


@pytest.fixture(scope="module")
def broken(fleet, tmp_path_factory):
    """Each host broken in another way, and one that is not there."""
    for address in fleet.regions[FOREIGN_REGION]:
        command = f"ip neigh replace {address} lladdr 02:00:00:00:00:01 dev eth0 nud permanent"  # nobody's
        engine.run("podman", "exec", fleet.container("check1"), *command.split())
    unresolved = "s/^hosts:.*/hosts: files/"
    engine.run("podman", "exec", fleet.container("check2"), "sed", "-i", unresolved, "/etc/nsswitch.conf")
    broken = f"printf '{BROKEN_PYTHON}' > /usr/local/bin/broken-python && chmod +x /usr/local/bin/broken-python"
    engine.run("podman", "exec", fleet.container("check3"), "sh", "-c", broken)
    engine.run("podman", "exec", fleet.container("check4"), "chmod", "a-x", "/usr/bin/dpkg-query")
    return Check(fleet, tmp_path_factory.mktemp("broken"), VARIABLES)


@pytest.mark.cause("no_mta")
@pytest.mark.cause("can_log_in")
def test_hosts_that_log_in_pass(fleet, tmp_path):
    check = Check(fleet, tmp_path, {}, "--check")
    assert check.done.returncode == 0, check.printed
    assert check.report["summary"] == {
        **{"hosts": 4, "can_send": 0, "can_log_in": 4, "not_logged_in": 0, "only_accepted": 0},
        **{"cannot_send": 0, "mail_waits": 0, "unreachable": 0, "not_checked": 0},
    }
    assert {case.get("type") for suite in check.suites.values() for case in suite.iter("skipped")} == {
        *("can_log_in", "no_mta")
    }
    assert [host["recommended_port"] for host in check.report["hosts"]] == [587] * 4
    assert not [suite for suite in check.suites.values() if suite.get("failures") != "0" or suite.get("errors") != "0"]
    assert "<h1>All 4 hosts can log in</h1>" in check.page  # they have no MTA
    assert "All 4 hosts can log in." in check.printed
    assert "changed=1" not in check.printed


def test_a_host_is_one_task_and_one_execution(fleet, tmp_path):
    check = Check(fleet, tmp_path, {}, "-vvv", "-e", json.dumps({"ses_probe_recipient": RECIPIENT}))
    assert check.done.returncode != 0  # no host has an MTA that could send
    assert executions(check.printed) == ["host_check.py"] * len(HOSTS)
    recap = check.printed.rpartition("PLAY RECAP")[2]
    counts = {host: dict(re.findall(r"(\w+)=(\d+)", told)) for host, told in re.findall(r"(check\d) +: (.*)", recap)}
    tasks = {host: sum(map(int, count.values())) for host, count in counts.items()}
    assert tasks == {host: 6 if host == HOSTS[0] else 1 for host in HOSTS}  # the first one's with what runs once
    assert {host["probe"]["state"] for host in check.report["hosts"]} == {"no_mta"}


def test_hosts_that_were_not_logged_in_pass_and_say_so(fleet, tmp_path):
    check = Check(fleet, tmp_path, {}, "-e", json.dumps(VARIABLES["anonymous"]))
    assert check.done.returncode == 0, check.printed
    assert check.report["summary"]["not_logged_in"] == 4
    assert check.report["summary"]["can_send"] == 0
    assert "<h1>All 4 hosts reached SES, not logged in</h1>" in check.page
    assert "All 4 hosts reached SES, not logged in." in check.printed
    assert "can send." not in check.printed
    assert {case.get("type") for suite in check.suites.values() for case in suite[0].iter("skipped")} == {
        "not_logged_in"
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("-i", "nobody,", "-e", "ses_hosts=fleet"),
        ("-i", "nobody,", "-e", "ses_hosts=fleet", "--limit", "nobody"),
        ("-i", "[fleet]\nweb1\n[others]\nnobody\n", "-e", "ses_hosts=fleet", "--limit", "others"),
        ("-i", "/no/such/file", "-e", "ses_hosts=fleet"),
    ],
    ids=["mistyped-group", "mistyped-group-within-a-limit", "outside-the-limit", "no-inventory"],
)
def test_no_host_fails_and_leaves_no_old_report(tmp_path, arguments):
    """In CI a typo would be green."""
    arguments = list(arguments)
    if "\n" in arguments[1]:
        (tmp_path / "hosts").write_text(arguments[1])
        arguments[1] = "hosts"
    (tmp_path / "ses-report").mkdir()
    (tmp_path / "ses-report" / "report.html").write_text("old")
    command = ["ansible-playbook", "mailops.ses.check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=ENVIRONMENT)
    assert done.returncode != 0, done.stdout
    assert "No host of the inventory matches fleet (ses_hosts)" in done.stdout
    assert "<h1>No host was checked</h1>" in (tmp_path / "ses-report" / "report.html").read_text()
    assert json.loads((tmp_path / "ses-report" / "report.json").read_text())["hosts"] == []


def test_a_variable_of_a_variable_that_is_not_there_is_no_check_without_a_log_in(fleet, tmp_path):
    check = Check(fleet, tmp_path, {"check1": {"ses_smtp_username": "{{ vault_that_was_forgotten }}"}}, "-l", "check1")
    assert check.done.returncode != 0
    assert "vault_that_was_forgotten" in check.printed
    assert check.report["summary"]["can_send"] == 0


def test_it_fails_and_names_who_cannot_send(broken):
    assert broken.done.returncode != 0
    told = ("Cannot send: check1, check2, check3, check4, secretive.", "Unreachable: dead.")
    assert " ".join([*told, "Not checked: mistyped, pythonless."]) in broken.printed


def test_what_it_prints_is_short(broken):
    assert "timings_ms" not in broken.printed
    for host, causes in CAUSES.items():
        assert f"{causes[0]}: {host}" in broken.printed
    assert f"Reports in {broken.folder}" in broken.printed


@pytest.mark.cause("host_unreachable", "could not reach")
@pytest.mark.cause("module_failed")
@pytest.mark.cause("not_checked")
@pytest.mark.cause("not_logged_in")
@pytest.mark.cause("queue_unreadable")
def test_report_json_has_the_causes(broken):
    hosts = {host["host"]: host for host in broken.report["hosts"]}
    assert {name: [item["id"] for item in host["diagnosis"]] for name, host in hosts.items()} == CAUSES
    for name in HOSTS:
        assert sorted(port["port"] for port in hosts[name]["ports"]) == PORTS
    for name in ("check1", "check2", "check3", "anonymous", "mistyped", "secretive"):
        assert (hosts[name]["queue"]["mta"], hosts[name]["queue_error"]) == (None, None)
    assert "no package manager is found" in hosts["check4"]["queue_error"]
    assert hosts["check3"]["certificates"][0]["verified"] is True
    assert hosts["check4"]["certificates"][0]["verified"] is False
    assert {cause["id"]: cause["hosts"] for cause in broken.report["causes"]} == {
        cause: [name] for name, causes in CAUSES.items() for cause in causes
    }


def test_who_was_not_checked_learns_why(broken):
    hosts = {host["host"]: host for host in broken.report["hosts"]}
    assert hosts["mistyped"]["message"].startswith("ses_region lacks a hyphen")
    assert hosts["pythonless"]["message"] == "ModuleNotFoundError: No module named 'encodings'"
    for name in ("mistyped", "pythonless"):
        assert hosts[name]["message"] in broken.printed
    assert hosts["secretive"]["message"].startswith("ses_smtp_password is 40 characters long")


def test_junit_has_the_causes(broken):
    ends = {"anonymous": "skipped", **dict.fromkeys(("dead", "mistyped", "pythonless"), "error")}
    for name, causes in CAUSES.items():
        (case,) = [case for case in broken.suites[name] if case.get("name") == "can send"]
        assert (case[0].tag, case[0].get("type")) == (ends.get(name, "failure"), causes[0])


def test_the_page_has_the_causes(broken):
    texts = {text.split()[0]: text for text in Rows(broken.page).texts}
    words = {item["host"]: item["diagnosis"][0] for item in broken.report["hosts"]}
    assert sorted(texts) == sorted(CAUSES)
    for name, text in texts.items():
        assert words[name]["cause"] in text
        assert words[name]["remedy"] in text


def test_no_report_has_a_secret(broken):
    for text in (broken.printed, *(path.read_text() for path in broken.folder.iterdir())):
        assert "wJalrXUtnFEMI" not in text
        assert "A" * 40 not in text
        assert "B" * 40 not in text
