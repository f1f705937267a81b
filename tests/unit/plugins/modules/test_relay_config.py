# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.relay_config as the roles run it, on this machine without an MTA."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._relay.finding import changed, refused
from ansible_collections.mailops.ses.plugins.module_utils._role import (
    config,
    log_in,
    on_postfix,
    on_sendmail,
    opening,
    plan,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.look import Present
from ansible_collections.mailops.ses.plugins.modules import relay_config
from module_arguments import patch_module_args, printed
from relay_variables import PASSWORD, SECRET

VARIABLES = {"ses_region": "us-east-1", "ses_smtp_username": "AKIAIOSFODNN7EXAMPLE"}
PACKAGES = {
    "postfix": ["postfix", "libsasl2-modules", "ca-certificates"],
    "sendmail": ["sendmail-bin", "sendmail-cf", "sensible-mda", "libsasl2-modules", "m4", "make", "ca-certificates"],
}
NOWHERE = "/nonexistent"


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the module on a Debian 12 that has these packages, and no program of an MTA."""
    monkeypatch.setattr(plan, "SYSTEMD", str(tmp_path))
    monkeypatch.setattr(log_in, "DELAY", 0.0)
    monkeypatch.setattr("socket.getfqdn", lambda: "web1.corp.test")
    monkeypatch.setattr(relay_config, "names", lambda _read: ["Debian 12"])
    monkeypatch.setattr("ansible_collections.mailops.ses.plugins.module_utils._postfix.tools.SEARCH_PATH", NOWHERE)
    monkeypatch.setattr("ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools.installed", lambda: False)
    for part in (on_postfix, on_sendmail):
        monkeypatch.setattr(part, "installed", lambda: False)
    with socket.socket() as closed:  # its port refuses connections once it is closed
        closed.bind(("127.0.0.1", 0))
        refusing = closed.getsockname()[1]

    def refused(_address, _timeout=None, *_rest, **_more):
        return real(("127.0.0.1", refusing), 1.0)

    real = socket.create_connection
    monkeypatch.setattr("socket.create_connection", refused)

    # Where tests of the controller's plugins ran before, Ansible would hand warnings to its display.
    warned: list[str] = []
    monkeypatch.setattr(relay_config.AnsibleModule, "warn", lambda _module, text: warned.append(text))

    def run(packages=(), check_mode=False, mta="postfix", variables=None, **arguments):
        listing = "".join(f"installed\t{name}\t{provides}\n" for name, provides in dict(packages).items())
        (tmp_path / "listing").write_text(listing or "installed\tbash\t\n")
        tool = tmp_path / "dpkg-query"
        tool.write_text(f"#!/bin/sh\ncat {tmp_path / 'listing'}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.setattr("os.geteuid", lambda: 0)
        answer = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
        monkeypatch.setattr("socket.getaddrinfo", lambda *_name, **_flags: [answer])  # no test asks DNS
        given = {
            "mta": mta,
            "variables": {**VARIABLES, **(variables or {})},
            "smtp_password": PASSWORD,
            "verify": False,
            **arguments,
        }
        internal = {"_ansible_check_mode": check_mode, "_ansible_diff": True}
        with patch_module_args({**given, **internal}), pytest.raises(SystemExit):
            relay_config.main()
        out, err = printed(capsys)
        assert PASSWORD not in out + err
        assert SECRET not in out + err
        return {**json.loads(out), "warnings": [*warned]}

    return run


@pytest.fixture
def shut(monkeypatch, tmp_path):
    """A program of either MTA that users cannot run."""
    path = tmp_path / "program"
    path.touch()
    path.chmod(0o2644)
    monkeypatch.setattr(opening, "ENTRANCES", dict.fromkeys(PACKAGES, [str(path)]))
    return path


def there(mta, without=()):
    """The packages of the role, but for some."""
    provides = {PACKAGES[mta][0]: "mail-transport-agent"}
    return {name: provides.get(name, "") for name in PACKAGES[mta] if name not in without}


@pytest.mark.parametrize("mta", PACKAGES)
@pytest.mark.parametrize("check_mode", [False, True])
def test_without_the_mtas_package_nothing_is_done_and_the_mta_is_to_be_installed(run, mta, check_mode):
    result = run(check_mode=check_mode, mta=mta)
    assert (result["changed"], result["next"], result["installs"]) == (False, "install", "mta")
    assert "action" not in result


@pytest.mark.parametrize("mta", PACKAGES)
def test_where_the_mta_is_there_and_another_package_is_not_a_package_is_to_be_installed(run, mta):
    result = run(there(mta, without=["libsasl2-modules"]), mta=mta)
    assert (result["changed"], result["next"], result["installs"]) == (False, "install", "package")


def test_another_mta_is_refused_or_has_to_go_first(run):
    packages = {**there("postfix"), "exim4-daemon-light": "mail-transport-agent"}
    assert run(packages)["faults"][0].startswith("ses_replace_mta is false, and this host's MTA is exim4")
    assert run(packages, variables={"ses_replace_mta": True})["next"] == "install"


@pytest.mark.parametrize("mta", PACKAGES)
def test_check_mode_goes_on_where_the_packages_were_only_announced(run, mta):
    result = run(check_mode=True, mta=mta, installed="mta")
    assert (result["changed"], result["action"], result["next"]) == (True, "restart", "nothing")
    assert f"{'relayhost' if mta == 'postfix' else 'ses_relay'}" in json.dumps(result["diff"])


def test_an_mta_without_its_programs_is_named(run):
    assert run(there("postfix"))["msg"].startswith("Postfix is not installed")


def test_all_faults_are_told_at_once_and_none_of_a_secret_shows(run):
    result = run(
        there("postfix"),
        variables={"ses_region": "nowhere", "ses_max_connections": 0},
        smtp_password="",
        credential_faults={"ses_smtp_password": "is no text; write it as one, in quotes"},
    )
    assert [sentence.split()[0] for sentence in result["faults"]] == [
        "ses_region",
        "ses_smtp_password",
        "ses_max_connections",
    ]


@pytest.mark.parametrize(
    ("check_mode", "installed", "mode", "due"),
    [(True, "no", 0o2644, "install"), (True, "mta", 0o2644, "nothing"), (False, "no", 0o2755, "install")],
)
def test_a_program_that_a_killed_change_has_closed_is_told_and_opened(run, shut, check_mode, installed, mode, due):
    result = run(check_mode=check_mode, installed=installed)
    told = f"No user can run {shut}, as where a change to another MTA was killed: it gets the mode 2755."
    assert told in result["warnings"]
    assert {"prepared": f"{told}\n"} in result["diff"]
    assert (result["changed"], result["next"]) == (True, due)
    assert shut.stat().st_mode & 0o7777 == mode


def test_it_is_open_before_the_host_is_looked_at_and_closed_again_where_the_host_is_refused(run, monkeypatch, shut):
    seen = []
    monkeypatch.setattr(on_sendmail, "present", lambda *_given: seen.append(shut.stat().st_mode & 0o7777) or Present())
    assert run(mta="sendmail", variables={"ses_max_connections": 0})["faults"]
    assert (seen, shut.stat().st_mode & 0o7777) == ([0o2755], 0o2644)


def test_a_program_that_cannot_be_opened_is_told(run, monkeypatch, shut):
    def refuse(changed, *given, **how):
        if changed == str(shut):
            raise OSError(1, "Operation not permitted")
        chmod(changed, *given, **how)

    chmod = os.chmod
    monkeypatch.setattr(opening.os, "chmod", refuse)
    said = run(there("postfix"))["msg"]
    assert said.endswith("its mode cannot be changed to 2755: Operation not permitted.")


def test_a_system_that_is_not_in_the_table_is_refused(run, monkeypatch):
    monkeypatch.setattr(relay_config, "names", lambda _read: ["RedHat 10"])
    assert "RHEL 10 has no Sendmail" in run(mta="sendmail")["msg"]


@pytest.mark.parametrize(
    ("recipient", "check_mode", "due"), [("a@example.com", True, "nothing"), (None, True, "nothing")]
)
def test_no_mail_is_sent_in_check_mode(run, recipient, check_mode, due):
    result = run(check_mode=check_mode, installed="mta", variables={"ses_probe_recipient": recipient})
    assert result["next"] == due


def test_a_host_that_cannot_log_in_is_refused_with_the_cause(run, tmp_path):
    (tmp_path / "ca.pem").write_text("")
    result = run(there("postfix"), verify=True, variables={"ses_tls_ca_file": str(tmp_path / "ca.pem")})
    assert "ses_tls_ca_file" in result["msg"]
    assert result["failed"]


@pytest.mark.parametrize("given", [{"smtp_password": PASSWORD}, {"smtp_password": None, "secret_access_key": SECRET}])
def test_a_closed_port_is_named_as_the_cause(run, given):
    result = run(
        there("postfix"), verify=True, variables={"ses_tls_ca_file": "/etc/ssl/certs/ca-certificates.crt"}, **given
    )
    assert result["msg"].startswith("Port 587 of email-smtp.us-east-1.amazonaws.com did not take the whole dialogue.")
    assert [one["port"] for one in result["ports"]] == [587]
    assert result["diagnosis"]


def test_without_trust_anchors_no_log_in_is_tried_before_they_are_installed(run, monkeypatch):
    monkeypatch.setattr(log_in, "trust_anchors", lambda _variables, _bundle: NOWHERE)
    assert run(verify=True)["log_in"] is None
    assert "ses_tls_ca_file" in run(there("postfix"), verify=True, installed="package")["msg"]


def test_a_fault_of_ours_keeps_its_traceback(run, monkeypatch):
    def broken(*_given, **_named):
        raise KeyError("port")

    monkeypatch.setattr(config, "choose", broken)
    with pytest.raises(KeyError, match="port"):
        run(there("postfix"))


@pytest.mark.parametrize("finding", [refused, changed])
def test_of_bytes_in_the_hosts_files_that_are_no_utf_8_none_is_sent(run, monkeypatch, finding):
    # ansible-core refuses a result with such bytes, and a module ends with a traceback at a warning.
    found = finding("myhostname", "was caf\udce9", "set it")
    monkeypatch.setattr(on_postfix, "examine", lambda *_given: (None, [found]))
    text = str(run())
    assert "was caf\N{REPLACEMENT CHARACTER}; set it." in text
    assert "\udce9" not in text


def test_what_only_a_second_look_finds_is_told_too(run, monkeypatch):
    # Without m4 nobody tells what sendmail.mc means.
    found = changed("SMART_HOST", "makes room for the SES endpoint")
    monkeypatch.setattr(on_sendmail, "findings_of", lambda *_given: [found])
    result = run(there("sendmail"), check_mode=True, mta="sendmail", installed="package")
    assert found.sentence in str(result["warnings"])


@pytest.mark.parametrize(("mta", "part"), [("postfix", on_postfix), ("sendmail", on_sendmail)])
def test_an_mta_whose_package_is_half_configured_keeps_what_the_host_has(run, monkeypatch, mta, part):
    monkeypatch.setattr(part, "installed", lambda: True)
    assert run(mta=mta)["installs"] == "package"


def test_a_port_that_was_proven_is_taken_without_a_second_log_in(run, monkeypatch):
    monkeypatch.setattr(log_in.LogIn, "begin", lambda *_given: pytest.fail("a second log-in"))
    given = {"verify": True, "check_mode": True, "variables": {"ses_port": "auto"}}
    assert run(installed="mta", proven_port=2465, **given)["port"] == 2465


IRELAND = {"region": "eu-west-1", "endpoint": None, "port": None, "smtp_username": None}
OWN = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdXX2"


@pytest.mark.parametrize("mta", PACKAGES)
def test_a_further_way_is_part_of_the_configuration_and_no_password_shows(run, mta):
    given = {"fallback": [IRELAND], "fallback_secrets": [{"smtp_password": OWN}]}
    result = run(check_mode=True, mta=mta, installed="mta", **given)
    assert result["fallback"] == [{"endpoint": "email-smtp.eu-west-1.amazonaws.com", "port": 587, "log_in": None}]
    assert "email-smtp.eu-west-1.amazonaws.com" in json.dumps(result["diff"])
    assert OWN not in json.dumps(result)


def test_a_further_way_without_credentials_for_its_region_is_refused(run):
    assert run(there("postfix"), fallback=[IRELAND])["faults"][0].startswith("ses_fallback[0] (email-smtp.eu-west-1")


def test_a_further_way_that_cannot_log_in_is_named_before_any_change(run, monkeypatch):
    # The first way takes the log-in here, the second one does not.
    def report(self):
        if self._option_names["region"] == "ses_region":
            return {"ports": [{"port": 587, "ok": True}]}
        raise log_in.LogInError("Port 587 of email-smtp.eu-west-1.amazonaws.com did not.", {})

    monkeypatch.setattr(log_in.LogIn, "begin", lambda *_given: None)
    monkeypatch.setattr(log_in.LogIn, "report", report)
    given = {"fallback": [IRELAND], "fallback_secrets": [{"smtp_password": OWN}], "verify": True}
    result = run(check_mode=True, installed="mta", **given)
    assert result["msg"] == "ses_fallback[0]: Port 587 of email-smtp.eu-west-1.amazonaws.com did not."


def test_metrics_are_part_of_the_same_call(run, tmp_path):
    result = run(check_mode=True, installed="mta", variables={"ses_metrics_dir": str(tmp_path)})
    assert {Path(one["path"]).name: one["changed"] for one in result["metrics"]} == {
        "ses-metrics.pyz": True,
        "ses-metrics.service": True,
        "ses-metrics.timer": True,
    }
    assert f"ReadWritePaths={tmp_path}" in json.dumps(result["diff"])
    assert run(check_mode=True, installed="mta")["metrics"] == []


@pytest.mark.parametrize(
    ("directory", "why"),
    [
        ("/nonexistent/node", "'/nonexistent/node' is no directory on this host; install node_exporter first"),
        ("node-exporter", "'node-exporter' is no absolute path"),
        ("/var/lib/node exporter", "is no absolute path of plain characters"),
        ("/var/lib/%n", "is no absolute path of plain characters"),
    ],
)
def test_a_directory_that_metrics_cannot_have_is_refused(run, directory, why):
    fault, *_also = run(there("postfix"), variables={"ses_metrics_dir": directory})["faults"]
    assert fault.startswith("ses_metrics_dir")
    assert why in fault


BRAND = {"sender": "brand.example", "region": "eu-west-1", "endpoint": None, "smtp_username": None}


@pytest.mark.parametrize("mta", PACKAGES)
def test_an_identity_is_part_of_the_configuration_and_no_password_shows(run, mta):
    given = {"identities": [BRAND], "identity_secrets": [{"smtp_password": OWN}]}
    result = run(check_mode=True, mta=mta, installed="mta", **given)
    place = {"sender": "brand.example", "endpoint": "email-smtp.eu-west-1.amazonaws.com"}
    assert result["identities"] == [{**place, "log_in": None}]
    assert place["endpoint"] in json.dumps(result["diff"])
    assert OWN not in json.dumps(result)


def test_an_identity_without_credentials_for_its_region_is_refused(run):
    assert run(there("postfix"), identities=[BRAND])["faults"][0].startswith("ses_identities[0] (brand.example) has no")


def test_an_identity_that_cannot_log_in_is_named_before_any_change(run, monkeypatch):
    def report(self):
        if self._option_names["region"] == "ses_region":
            return {"ports": [{"port": 587, "ok": True}]}
        raise log_in.LogInError(f"{self._option_names['password']} did not.", {})

    monkeypatch.setattr(log_in.LogIn, "begin", lambda *_given: None)
    monkeypatch.setattr(log_in.LogIn, "report", report)
    given = {"identities": [BRAND], "identity_secrets": [{"smtp_password": OWN}], "verify": True}
    result = run(check_mode=True, installed="mta", **given)
    assert result["msg"] == "ses_identities[0]: ses_identities[0].smtp_password did not."
