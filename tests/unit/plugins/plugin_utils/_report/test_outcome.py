# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's state, and what a result says that is none."""

from __future__ import annotations

import pytest
import report_samples as samples
import trustme
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import OptionError, request_of
from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import (
    in_variables,
    message_of,
    note_of,
    state_of,
)

GENERIC = "Module result deserialization failed: No start of json char found"
SECRET, PASSWORD = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
# As CPython prints it when its standard library is gone.
HOMELESS = """Python path configuration:
  PYTHONHOME = '/nowhere'
  program name = '/usr/bin/python3'
Fatal Python error: init_fs_encoding: failed to get the Python codec of the filesystem encoding
Python runtime state: core initialized
ModuleNotFoundError: No module named 'encodings'

Current thread 0x00007f6d880d5040 (most recent call first):
  <no Python frame>
"""
VARIABLES = {
    **{"region": "ses_region", "endpoint": "ses_endpoint", "username": "ses_smtp_username"},
    **{"password": "ses_smtp_password", "secret_access_key": "ses_secret_access_key", "ca_file": "ses_tls_ca_file"},
}
OPTIONS = {
    **dict.fromkeys(("region", "endpoint", "username", "password", "secret_access_key", "ca_file", "sender")),
    **{"recipient": None, "ports": [587], "timeout": 10.0, "retries": 0, "delay": 5.0, "send": False},
}


@pytest.mark.parametrize(
    ("check", "state"),
    [
        (samples.healthy(), "can_log_in"),
        (samples.not_logged_in(), "not_logged_in"),
        (samples.wrong_password(), "cannot_send"),
        (samples.DEAD, "unreachable"),
        ({"msg": "no"}, "not_checked"),
        # Nobody can log in with these: the table knows it before a connection is opened.
        ({"msg": "password is 40", "diagnosis": [{"id": "secret_access_key_as_password"}]}, "cannot_send"),
        ({"msg": "no", "diagnosis": []}, "not_checked"),
        ({}, "not_checked"),
    ],
)
def test_the_state(check, state):
    assert state_of(check) == state


def test_a_host_that_logged_in_on_one_port_can_log_in():
    ports = [samples.fails(465, "timeout", "connect"), samples.works(587)]
    assert state_of(samples.check(ports)) == "can_log_in"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"msg": "ses_region is empty."}, "ses_region is empty."),
        ({"msg": GENERIC, "module_stderr": HOMELESS, "rc": 1}, "ModuleNotFoundError: No module named 'encodings'"),
        ({"msg": "MODULE FAILURE\nSee stdout/stderr for the exact error", "module_stderr": "Killed\n"}, "Killed"),
        # With a pseudo-terminal of SSH's all is on stdout, and SSH says good-bye on the other.
        (
            {
                "msg": GENERIC,
                "module_stdout": f"{HOMELESS}\r\n",
                "module_stderr": "Shared connection to web1 closed.\r\n",
            },
            "ModuleNotFoundError: No module named 'encodings'",
        ),
        ({"msg": "Task failed: Module failed: libssl.so.9: cannot open"}, "libssl.so.9: cannot open"),
        (
            {"msg": "The module interpreter '/x' was not found.", "module_stderr": "sh: 1: /x"},
            "The module interpreter '/x' was not found.",
        ),
        (
            {"msg": GENERIC, "module_stderr": "", "module_stdout": "", "rc": 137},
            "it ended without a word, with exit code 137",
        ),
        ({}, "it ended without a word"),
    ],
)
def test_the_telling_part(result, said):
    assert message_of(result) == said


@pytest.mark.parametrize(
    "printed",
    [
        f"ValueError: {SECRET}",
        f"ValueError: password={PASSWORD!r}",
        f'{{"invocation": {{"module_args": {{"password": "{PASSWORD}"}}}}}}',
        f'ANSIBALLZ_PARAMS = \'{{"ANSIBLE_MODULE_ARGS": {{"password": "my own"}}}} {SECRET}\'',
        f"    json_params = {SECRET}",
    ],
)
def test_a_module_that_crashed_tells_no_secret(printed):
    for name in ("module_stdout", "module_stderr"):
        said = message_of({"msg": GENERIC, name: f"{printed}\n"})
        assert SECRET not in said
        assert PASSWORD not in said
        assert "my own" not in said


@pytest.mark.parametrize(
    ("check", "identifier"),
    [
        ({"msg": GENERIC, "module_stderr": HOMELESS}, "module_failed"),
        ({"msg": "Task failed: Module failed: libssl.so.9: cannot open"}, "module_failed"),
        ({"msg": "The module interpreter '/x' was not found."}, "module_failed"),
        ({"msg": "region is empty."}, "not_checked"),
        ({"msg": "keys", "diagnosis": [{"id": "temporary_keys"}]}, None),
        (samples.healthy(), None),
        (samples.wrong_password(), None),
        (samples.not_logged_in(), "not_logged_in"),
        (samples.DEAD, "host_unreachable"),
    ],
)
def test_the_cause_of_what_no_dialogue_shows(check, identifier):
    note = note_of(check)
    assert (note and note["id"]) == identifier
    assert note is None or note["cause"].endswith(".")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"region": "us-est1"}, "ses_region lacks a hyphen before its number: write it like us-east-1."),
        (
            {"endpoint": "a:587"},
            "ses_endpoint contains a port: give only the host name, the port is an option of its own.",
        ),
        (
            {"username": "a b", "password": "x"},
            "ses_smtp_username contains a space, which no SES credential has: copy it again.",
        ),
        (
            {"username": "AKIA", "password": SECRET},
            "ses_smtp_password is 40 characters long like an AWS secret access key, and that is not the SMTP password: "
            "derive it with the filter mailops.ses.smtp_password, or give the key as ses_secret_access_key.",
        ),
        ({"username": "AKIA", "password": ""}, "ses_smtp_password is empty: give the SES SMTP credentials."),
        (
            {"username": "AKIA"},
            "ses_smtp_username is given without a secret: give ses_smtp_password or ses_secret_access_key too.",
        ),
        (
            {"endpoint": "smtp.example", "region": None, "username": "AKIA", "secret_access_key": "x"},
            "ses_region is missing: ses_secret_access_key gives a password for one region, and the endpoint's name has "
            "none.",
        ),
        (
            {"ca_file": "/nowhere/region.pem"},
            "ses_tls_ca_file /nowhere/region.pem is not there, or is no file, on the managed host: give a file of PEM "
            "certificates.",
        ),
        (
            {"region": "", "username": "", "password": "x"},
            "ses_region is empty: give the AWS region, for example us-east-1. "
            "ses_smtp_username is empty: give the SES SMTP credentials.",
        ),
    ],
)
def test_an_error_of_the_options_names_the_variables(tmp_path, options, message):
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with pytest.raises(OptionError) as fault:
        request_of({**OPTIONS, "region": "us-east-1", "ca_file": str(tmp_path / "ca.pem"), **options}, "web1", "")
    assert in_variables({"msg": str(fault.value), "diagnosis": fault.value.diagnosis}, VARIABLES)["msg"] == message


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "one of the following is required: region, endpoint",
            "one of the following is required: ses_region, ses_endpoint",
        ),
        (
            "missing parameter(s) required by 'secret_access_key': username",
            "missing parameter(s) required by 'ses_secret_access_key': ses_smtp_username",
        ),
        (
            "Error while resolving value for 'password': 'vault_password' is undefined",
            "Error while resolving value for 'ses_smtp_password': 'vault_password' is undefined",
        ),
    ],
)
def test_ansibles_own_errors_name_the_variables(said, message):
    assert in_variables({"msg": said}, VARIABLES)["msg"] == message


@pytest.mark.parametrize("check", [samples.healthy(), samples.wrong_password(), samples.DEAD])
def test_other_results_stay_as_they_are(check):
    assert in_variables(check, VARIABLES) is check
