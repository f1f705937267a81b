# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.relay_plan as a task would run it, on this machine."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._mta import configuring
from ansible_collections.mailops.ses.plugins.module_utils._role import plan
from ansible_collections.mailops.ses.plugins.modules import relay_plan
from module_arguments import patch_module_args, printed
from relay_variables import LOAD_BALANCER, PASSWORD, SECRET

VARIABLES = {"ses_region": "us-east-1", "ses_smtp_username": "AKIAIOSFODNN7EXAMPLE"}
OTHER_MTA = "installed\tbash\t\ninstalled\texim4-daemon-light\tmail-transport-agent\n"
NO_MTA = "installed\tbash\t\n"
ENDPOINT = "email-smtp.us-east-1.amazonaws.com"
CANONICAL = "lb.us-east-1.elb.amazonaws.com"


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the module on a host whose package manager lists what is given."""

    monkeypatch.setattr(plan, "SYSTEMD", str(tmp_path))

    def run(listing=NO_MTA, check_mode=False, diff=False, variables=None, user=0, **arguments):
        (tmp_path / "listing").write_text(listing)
        tool = tmp_path / "dpkg-query"
        tool.write_text(f"#!/bin/sh\ncat {tmp_path / 'listing'}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        answer = (None, None, None, CANONICAL, ("127.0.0.1", 0))
        monkeypatch.setattr("os.geteuid", lambda: user)
        monkeypatch.setattr("socket.getfqdn", lambda: "web1.corp.test")
        monkeypatch.setattr("socket.getaddrinfo", lambda *_name, **_flags: [answer])  # no test asks DNS
        given = {
            "mta": "postfix",
            "smtp_password": PASSWORD,
            "variables": {**VARIABLES, **(variables or {})},
            **arguments,
        }
        with (
            patch_module_args({**given, "_ansible_check_mode": check_mode, "_ansible_diff": diff}),
            pytest.raises(SystemExit),
        ):
            relay_plan.main()
        out, err = printed(capsys)
        assert PASSWORD not in out + err
        assert SECRET not in out + err
        return json.loads(out)

    return run


def test_it_describes_the_relay(run):
    result = run(packages=["bash", "postfix"])
    assert result["changed"] is False
    assert result["relay"]["endpoint"] == "email-smtp.us-east-1.amazonaws.com"
    assert result["relay"]["ports"] == [587]
    assert result["missing_packages"] == ["postfix"]
    assert result["other_mtas"] == []
    assert {table["name"] for table in result["postfix"]["tables"]} == {
        "ses_senders",
        "ses_headers",
        "ses_replies",
        "ses_bounces",
        "ses_transport",
        "ses_sender_transport",
    }


@pytest.mark.parametrize(("packages", "changed"), [(["bash"], False), (["bash", "postfix"], True)])
def test_check_mode_announces_missing_packages(run, packages, changed):
    assert run(packages=packages, check_mode=True)["changed"] is changed


@pytest.mark.parametrize(
    "variables",
    [{"ses_endpoint": "abc.fips.wxyz.mail-manager-smtp.amazonaws.com"}, {"ses_smtp_username": "inp-0123456789"}],
)
def test_an_ingress_endpoint_of_mail_manager_is_warned_of(run, monkeypatch, variables):
    warnings: list[str] = []
    monkeypatch.setattr(relay_plan.AnsibleModule, "warn", lambda _module, text, **_more: warnings.append(text))
    run()
    assert not [text for text in warnings if "Mail Manager" in text]
    run(variables=variables)
    (warning,) = [text for text in warnings if "Mail Manager" in text]
    assert warning.startswith(f"{variables.get('ses_endpoint', 'email-smtp.us-east-1.amazonaws.com')} is an ingress")
    assert "To send, use SES's SMTP endpoint" in warning


def test_check_mode_announces_an_mta_that_goes(run):
    """On Red Hat's systems, where both MTAs can be there."""
    replaces = {"listing": OTHER_MTA, "variables": {"ses_replace_mta": True}, "packages": ["bash"]}
    result = run(check_mode=True, diff=True, **replaces)
    assert (result["changed"], result["diff"]["before"], result["diff"]["after"]) == (True, "exim4\n", "")


def test_diff_mode_shows_the_packages(run):
    replaces = {"listing": OTHER_MTA, "variables": {"ses_replace_mta": True}, "packages": ["bash", "postfix"]}
    diff = run(check_mode=True, diff=True, **replaces)["diff"]
    assert (diff["before"], diff["after"]) == ("exim4\n", "postfix\n")
    assert "diff" not in run(diff=True, **replaces)  # apt's task shows it then


def test_a_user_other_than_root_is_told_how_to_become_root(run):
    (fault,) = run(user=1000)["faults"]
    assert fault == "This task does not run as root, which the role needs on the host; set become to true."


def test_an_image_sends_no_probe(run, monkeypatch):
    monkeypatch.setenv("SYSTEMD_OFFLINE", "1")
    (fault,) = run(variables={"ses_probe_recipient": "ops@example.com"})["faults"]
    assert fault.startswith("ses_probe_recipient is set, and in an image no MTA runs")


@pytest.mark.parametrize(("chroot", "offline"), [(True, ""), (False, "1"), (False, "")])
def test_a_host_without_systemd_is_told_before_anything_changes(run, monkeypatch, tmp_path, chroot, offline):
    monkeypatch.setenv("SYSTEMD_OFFLINE", offline)
    monkeypatch.setattr(plan, "SYSTEMD", str(tmp_path / "none"))
    monkeypatch.setattr(configuring, "in_chroot", lambda: chroot)
    result = run()
    assert result.get("faults", []) == (
        []
        if chroot or offline  # there systemctl enables, and nothing has to start
        else [
            "systemd does not run on this host, and starts the MTA in the role's last step; use a host that has it, "
            "or set SYSTEMD_OFFLINE=1 in the environment to prepare an image."
        ]
    )


@pytest.mark.parametrize("name", ["ses_endpoint", "ses_sender", "ses_max_connections", "ses_tls_ca_file"])
def test_an_empty_text_is_as_if_it_were_not_set(run, name):
    assert run(variables={name: ""})["relay"] == run()["relay"]
    assert run(variables={"ses_region": ""})["faults"][0].startswith("ses_region is not set")


def test_what_is_no_variable_is_refused(run):
    assert run(variables={"ses_masquarade_domain": "example.com"})["faults"] == [
        "ses_masquarade_domain is no variable of the roles."
    ]


def test_every_fault_is_told_at_once(run):
    variables = {"ses_region": "us-east1", "ses_port": "26", "ses_tls_ca_file": "/nowhere/ca.pem"}
    result = run(OTHER_MTA, variables=variables, smtp_password=SECRET)
    assert result["failed"] is True
    assert [fault.split()[0] for fault in result["faults"]] == [
        *("ses_region", "ses_port", "ses_smtp_password", "ses_tls_ca_file", "ses_replace_mta"),
    ]


@pytest.mark.parametrize("replace", [False, True])
def test_another_mta_is_replaced_only_if_asked_for(run, replace):
    result = run(OTHER_MTA, variables={"ses_replace_mta": replace})
    assert result.get("failed", False) is not replace
    if replace:
        assert result["other_mtas"] == ["exim4"]


def test_a_ca_file_that_is_there_passes(run, tmp_path):
    (tmp_path / "ca.pem").write_text("")
    assert "relay" in run(variables={"ses_tls_ca_file": str(tmp_path / "ca.pem")})


def test_a_ca_file_that_is_not_there_is_told(run, tmp_path):
    result = run(variables={"ses_tls_ca_file": str(tmp_path / "ca.pem")})
    assert result["msg"].startswith(f"ses_tls_ca_file '{tmp_path}/ca.pem' is not there on this host")


@pytest.mark.parametrize("bundle", [True, False])
def test_whether_there_are_trust_anchors_is_told(run, tmp_path, bundle):
    path = tmp_path / "bundle.crt"
    if bundle:
        path.touch()
    assert run(ca_bundle=str(path))["trust_anchors"] is bundle
    (tmp_path / "ca.pem").touch()
    assert run(ca_bundle=str(path), variables={"ses_tls_ca_file": str(tmp_path / "ca.pem")})["trust_anchors"] is True


def test_what_sendmail_cannot_is_refused_or_left_out(run):
    assert run(mta="sendmail", variables={"ses_port": "465"})["faults"][0].startswith("ses_port '465' speaks TLS")
    assert run(mta="sendmail", variables={"ses_port": "auto"})["relay"]["ports"] == [587, 2587, 25]
    assert run(variables={"ses_port": "465"})["relay"]["ports"] == [465]


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("ses_connection_max_messages", "50", "max_messages", 50),
        ("ses_connection_max_seconds", "30", "max_seconds", 30),
        ("ses_max_connections", "7", "max_connections", 7),
        ("ses_port", 465, "ports", [465]),
        ("ses_hostname_fix", "false", "credential_names", [ENDPOINT]),
        ("ses_hostname_aliases", "a.test,b", "credential_names", [ENDPOINT, LOAD_BALANCER, CANONICAL, "a.test", "b"]),
        ("ses_bounce_recipient", None, "bounce_recipient", "root"),
    ],
)
def test_text_from_the_command_line_is_read_as_its_type(run, name, text, key, value):
    assert run(variables={name: text})["relay"][key] == value


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("ses_connection_max_messages", "fifty", "'fifty' is no whole number"),
        ("ses_connection_max_messages", "50001", "50001 is out of range"),
        ("ses_connection_max_seconds", 1.5, "1.5 is no whole number"),
        ("ses_max_connections", [1], "[1] is no whole number"),
        ("ses_replace_mta", "perhaps", "'perhaps' is neither true nor false"),
        ("ses_hostname_fix", 2, "2 is neither true nor false"),
        ("ses_hostname_aliases", {"a": 1}, "{'a': 1} is no list of names"),
        ("ses_hostname_aliases", "not ok", "'not ok' "),
        ("ses_region", ["us-east-1"], "['us-east-1'] is no text"),
        ("ses_tls_ca_file", 0, "'0' is no absolute path"),
    ],
)
def test_what_has_another_type_is_refused_in_a_sentence(run, name, value, fault):
    result = run(variables={name: value})
    assert result["failed"] is True
    assert result["faults"][0].startswith(f"{name} {fault}")


@pytest.mark.parametrize("option", ["smtp_password", "secret_access_key"])
@pytest.mark.parametrize("secret", [SECRET, f"{SECRET}\nx", f"IQoJ{SECRET}"])
def test_no_secret_shows_whatever_it_is(run, option, secret):
    run(**{"smtp_password": None, option: secret})  # which looks for it in all that the module prints


@pytest.mark.parametrize("mta", ["postfix", "sendmail"])
def test_a_plan_by_faults_of_credentials_has_no_word_hidden(run, mta):
    found = run(mta=mta, smtp_password=None, credential_faults={"ses_smtp_password": ""})
    assert found["relay"]["ports"] == [587]
    assert "VALUE_SPECIFIED" not in json.dumps(found)
    told = run(mta=mta, smtp_password=None, credential_faults={"ses_smtp_password": "is empty: give it"})
    assert told["faults"] == ["ses_smtp_password is empty: give it."]


@pytest.mark.parametrize(("mta", "other"), [("postfix", "sendmail"), ("sendmail", "postfix")])
def test_what_it_returns_is_documented(run, mta, other):
    result = run(mta=mta)
    documented = yaml.safe_load(relay_plan.RETURN)
    assert set(documented) - {other, "faults"} == set(result) - {"changed", "invocation", "warnings"}
    for name in ("relay", mta):
        assert set(documented[name]["contains"]) == set(result[name])
