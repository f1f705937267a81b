# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.mail_queue_info as a task would run it, on this machine."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._queue import look, messages
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mailq
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.mailq import Queue
from ansible_collections.mailops.ses.plugins.modules import mail_queue_info
from module_arguments import patch_module_args

POSTFIX = "installed\tpostfix\tdefault-mta, mail-transport-agent\n"
SENDMAIL = "installed\tsendmail-bin\tmail-transport-agent\ninstalled\tsendmail-base\t\n"
OTHER = "installed\texim4-daemon-light\tmail-transport-agent\n"
EMPTY = {"messages": 0, "states": {}, "oldest_age_seconds": None, "relay": None, "reasons": []}
REASON = "connect to email-smtp.us-east-1.amazonaws.com[192.0.2.1]:587: Connection refused"


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the module on a host that has these packages, a postqueue that says this, and a queue of Sendmail."""
    (tmp_path / "mqueue").mkdir()
    queues = {f"{tmp_path}/sendmail.cf": (Queue(f"{tmp_path}/mqueue"),)}
    monkeypatch.setattr(mailq, "QUEUES", queues)
    monkeypatch.setattr(look, "SENDMAIL_CF", f"{tmp_path}/sendmail.cf")
    monkeypatch.setattr(look, "SUBMIT_CF", f"{tmp_path}/submit.cf")

    def program(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    def run(listing=POSTFIX, postqueue="", postconf=None, **arguments) -> dict[str, Any]:
        (tmp_path / "listing").write_text(listing)
        program("dpkg-query", f"cat {tmp_path}/listing")
        if postqueue is not None:
            program("postqueue", postqueue)
        if postconf is not None:
            program("postconf", postconf)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        for file in (look, messages):
            monkeypatch.setattr(file, "SEARCH_PATH", str(tmp_path))
        with patch_module_args(arguments), pytest.raises(SystemExit):
            mail_queue_info.main()
        found = json.loads(capsys.readouterr().out)
        found.pop("invocation", None)
        return found

    run.directory = tmp_path
    return run


@pytest.mark.parametrize(("listing", "mta"), [(POSTFIX, "postfix"), (SENDMAIL, "sendmail"), (OTHER, None), ("", None)])
def test_an_empty_queue_is_told_as_such(run, listing, mta):
    assert run(listing) == {"changed": False, "mta": mta, **EMPTY}


@pytest.mark.parametrize(
    ("program", "mta"),
    [("/usr/sbin/sendmail.postfix", "postfix"), ("/usr/sbin/sendmail.sendmail", "sendmail")],
)
def test_of_two_mtas_the_one_that_programs_call(run, monkeypatch, program, mta):
    monkeypatch.setattr(os.path, "realpath", lambda path: program)
    assert run(POSTFIX + SENDMAIL)["mta"] == mta


def test_deferred_mail_is_told_with_its_age_and_cause(run):
    arrived = int(time.time()) - 100
    entry = {
        "queue_name": "deferred",
        "arrival_time": arrived,
        "sender": "a@corp.test",
        "recipients": [{"address": "b@corp.test", "delay_reason": REASON}],
    }
    found = run(postqueue=f"echo '{json.dumps(entry)}'", endpoint="email-smtp.us-east-1.amazonaws.com")
    assert found["states"] == {"deferred": 1}
    assert 100 <= found["oldest_age_seconds"] <= time.time() - arrived
    assert found["reasons"][0]["diagnosis"]["cause"].startswith(
        "The connection is refused: email-smtp.us-east-1.amazonaws.com,"
    )


POSTCONF = (
    "echo config_directory = {directory}; echo content_filter = {filter}; "
    "echo default_transport = ses-relay:[smtp.corp.test]:587; echo relayhost ="
)


@pytest.mark.parametrize(
    ("content_filter", "cause"),
    [
        ("", "side_service_down"),
        ("smtp-amavis:[127.0.0.1]:10024", "own_service_down"),
        ("smtp-amavis:[127.0.0.1]:10026", "side_service_down"),
    ],
)
@pytest.mark.cause("side_service_down")
def test_a_service_that_mail_for_other_domains_passes_holds_it_and_no_other_does(run, content_filter, cause):
    reason = "connect to 127.0.0.1[127.0.0.1]:10024: Connection refused"
    entry = {"queue_name": "deferred", "recipients": [{"address": "b@corp.test", "delay_reason": reason}]}
    postconf = POSTCONF.format(directory=run.directory, filter=content_filter)
    found = run(postqueue=f"echo '{json.dumps(entry)}'", postconf=postconf, endpoint="smtp.corp.test")
    assert found["relay"] == {
        "host": "smtp.corp.test",
        "via": [content_filter[12:]] if content_filter else [],
        "logs_in": None,
    }
    assert found["reasons"][0]["diagnosis"]["id"] == cause


def test_a_filter_of_a_service_in_master_cf_lies_on_the_way(run):
    (run.directory / "master.cf").write_text("smtp inet n - y - - smtpd\n  -o content_filter=scan:[127.0.0.1]:10024\n")
    found = run(postconf=POSTCONF.format(directory=run.directory, filter=""))
    assert found["relay"]["via"] == ["[127.0.0.1]:10024"]


def test_a_configuration_that_postconf_refuses_tells_no_way(run):
    assert run(postconf="echo postconf: fatal: no >&2; exit 1")["relay"] is None


def test_sendmails_smart_host(run):
    (run.directory / "sendmail.cf").write_text("DSses_relay:smtp.corp.test\n")
    assert run(SENDMAIL)["relay"] == {"host": "smtp.corp.test", "via": [], "logs_in": False}


def test_postfixs_log_in_by_its_own_files(run):
    relay = "smtp_tls_security_level=secure -o smtp_sasl_auth_enable=yes -o smtp_sasl_password_maps=$ses_maps"
    (run.directory / "master.cf").write_text(f"ses-relay unix - - n - - smtp -o {relay}\n")
    (run.directory / "main.cf").write_text(f"ses_maps = hash:{run.directory}/sasl_passwd\n")
    postconf = POSTCONF.format(directory=run.directory, filter="")
    assert run(postconf=postconf)["relay"]["logs_in"] is False
    (run.directory / "sasl_passwd.db").write_bytes(b"\x01user:word\x01[smtp.corp.test]:587\0")
    assert run(postconf=postconf)["relay"]["logs_in"] is True


def test_a_queue_that_outlived_sendmail(run):
    (run.directory / "mqueue" / "qf1").write_text("V8\nT1\nN1\n.\n")
    assert run(POSTFIX, mta="sendmail")["states"] == {"deferred": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"postqueue": "echo postqueue: fatal: no >&2; exit 69"}, "postqueue says: postqueue: fatal: no"),
        ({"postqueue": None, "mta": "postfix"}, "Postfix is not installed"),
        ({"mta": "exim"}, "value of mta must be one of"),
    ],
)
def test_a_fault_is_told_with_its_remedy(run, arguments, words):
    found = run(**arguments)
    assert found["failed"]
    assert words in found["msg"]
    assert "messages" not in found


def test_without_a_package_manager_the_option_is_needed(run, monkeypatch):
    def nothing(_run):
        raise LookupError("no package manager is found")

    monkeypatch.setattr(mail_queue_info, "installed_mta", nothing)
    assert run()["msg"] == (
        "Which MTA the host has cannot be told: no package manager is found. Set mta to postfix or sendmail."
    )
    assert run(mta="postfix")["messages"] == 0


def test_only_the_search_for_the_mta_is_answered_with_the_option(run, monkeypatch):
    def broken(*_arguments):
        raise KeyError("a fault of the program")

    monkeypatch.setattr(look, "summarize", broken)
    with pytest.raises(KeyError):
        run()


@pytest.mark.parametrize("time", ["NaN", "Infinity", "-Infinity", "1e999", "-1", "true", "9" * 400, '"soon"'])
def test_a_time_that_is_none_spoils_nothing(run, time):
    found = run(postqueue=f"""echo '{{"queue_name": "deferred", "arrival_time": {time}}}'""")
    assert (found["messages"], found["oldest_age_seconds"]) == (1, None)


def test_documentation_matches_the_arguments():
    options = yaml.safe_load(mail_queue_info.DOCUMENTATION)["options"]
    kept = ("type", "choices")
    spec = {name: {key: option[key] for key in kept if key in option} for name, option in options.items()}
    assert spec == mail_queue_info.ARGUMENTS


def test_examples_and_returns_are_yaml(run):
    assert yaml.safe_load(mail_queue_info.EXAMPLES)
    assert yaml.safe_load(mail_queue_info.RETURN).keys() == run().keys() - {"changed"}
