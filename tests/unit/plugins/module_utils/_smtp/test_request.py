# SPDX-License-Identifier: GPL-3.0-or-later
"""Options are judged before anything is connected to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trustme
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import smtp_password
from ansible_collections.mailops.ses.plugins.module_utils._smtp import tls
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import OptionError, Request, request_of

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
DEFAULTS: dict[str, Any] = {
    "region": None,
    "endpoint": None,
    "ports": [587, 2587, 465, 2465, 25],
    "username": None,
    "password": None,
    "secret_access_key": None,
    "timeout": 10.0,
    "ca_file": None,
    "mta": None,
    "sender": None,
    "recipient": None,
    "send": False,
    "retries": 0,
    "delay": 5.0,
    "option_names": {},
}
VARIABLES = {
    **{"region": "ses_region", "endpoint": "ses_endpoint", "username": "ses_smtp_username"},
    **{"password": "ses_smtp_password", "secret_access_key": "ses_secret_access_key", "ca_file": "ses_tls_ca_file"},
}


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return str(file)


def job(host_name: str = "web1.corp.example", check_mode: bool = False, **options: Any) -> Request:
    return request_of({**DEFAULTS, **options}, host_name, "Tue, 24 Nov 2026 13:00:00 -0000", check_mode)


@pytest.mark.parametrize(
    ("options", "endpoint", "region"),
    [
        ({"region": "us-east-1"}, "email-smtp.us-east-1.amazonaws.com", "us-east-1"),
        ({"endpoint": "smtp.example"}, "smtp.example", None),
        ({"endpoint": "smtp.example", "region": "us-east-1"}, "smtp.example", "us-east-1"),
        (
            {"endpoint": "email-smtp-fips.us-west-2.amazonaws.com", "region": "us-east-1"},
            "email-smtp-fips.us-west-2.amazonaws.com",
            "us-west-2",
        ),
    ],
)
def test_endpoint_and_region(ca_file: str, options: dict[str, Any], endpoint: str, region: str | None) -> None:
    made = job(ca_file=ca_file, **options)
    assert (made.endpoint, made.region) == (endpoint, region)


def test_a_password_is_derived_for_the_endpoints_region(ca_file: str) -> None:
    made = job(
        ca_file=ca_file,
        endpoint="email-smtp.eu-central-1.amazonaws.com",
        region="us-east-1",
        username="AKIAEXAMPLE",
        secret_access_key="some+secret+key",
    )
    assert made.credentials == ("AKIAEXAMPLE", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2")


@pytest.mark.parametrize("region", [None, "eu-west-1", "us-east-1"])
def test_the_secret_tells_whose_password_it_is(ca_file: str, region: str | None) -> None:
    keys = {"username": "AKIAEXAMPLE", "secret_access_key": SECRET}
    right = job(
        ca_file=ca_file, endpoint="smtp.example", region=region, password=smtp_password(SECRET, "us-east-1"), **keys
    )
    assert right.facts == {"derived_for": "us-east-1"}
    wrong = job(ca_file=ca_file, endpoint="smtp.example", region=region, password="another", **keys)
    assert wrong.facts == {"password_of_another_key": "true"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"region": "us-east1"}, "region lacks a hyphen"),
        ({"region": ""}, "region is empty"),
        ({"endpoint": "smtp example"}, "endpoint contains a space"),
        ({"ports": [26]}, "ports has a port that SES does not listen on (26)"),
        ({"ports": []}, "ports is empty"),
        ({"username": "", "password": "x"}, "username is empty"),
        ({"username": "a\nb", "password": "x"}, "username has more than one line"),
        ({"username": "ASIAEXAMPLE", "password": "x"}, "username is a temporary key"),
        ({"username": "AKIAEXAMPLE"}, "give password or secret_access_key"),
        ({"username": "AKIAEXAMPLE", "password": ""}, "password is empty"),
        ({"username": "AKIAEXAMPLE", "password": "a\nb"}, "password has more than one line"),
        (
            {"username": "AKIAEXAMPLE", "password": SECRET},
            "password is 40 characters long like an AWS",
        ),
        ({"username": "AKIAEXAMPLE", "secret_access_key": "a b"}, "secret_access_key contains a space"),
        ({"timeout": 0.0}, "timeout must be from 0.5 to 600 seconds"),
        ({"timeout": 1e-7}, "timeout must be from 0.5"),
        ({"timeout": 0.49}, "timeout must be from 0.5"),
        ({"timeout": -1.0}, "timeout must be from 0.5"),
        ({"timeout": float("nan")}, "timeout must be from 0.5"),
        ({"timeout": float("inf")}, "to 600 seconds"),
        ({"delay": -1.0}, "delay must be from 0"),
        ({"retries": -1}, "retries must be from 0 to 100"),
        ({"retries": 101}, "retries must be from 0 to 100"),
        ({"sender": "a@b.example>\r\nDATA"}, "sender is no mail address"),
        ({"sender": "a@b.example", "recipient": "nobody"}, "recipient is no mail address"),
        ({"region": None}, "region is missing: give the AWS region, or endpoint."),
        ({"password": "x"}, "username is missing: password needs it, so give both."),
        ({"secret_access_key": "x"}, "username is missing: secret_access_key needs it, so give both."),
        ({"recipient": "c@d.example"}, "sender is missing: recipient needs it, so give both."),
        ({"send": True}, "sender is missing: send needs it, so give both. recipient is missing: send needs it"),
    ],
)
def test_a_fault_names_its_option(ca_file: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError) as fault:
        job(**{"region": "us-east-1", "ca_file": ca_file, **options})
    assert sentence in str(fault.value)
    secrets = [options.get(name) for name in ("password", "secret_access_key")]
    assert not any(secret in str(fault.value) for secret in secrets if secret and len(secret) > 1)


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
            {"region": None, "password": "x", "secret_access_key": "y"},
            "ses_region is missing: give the AWS region, or ses_endpoint. "
            "ses_smtp_username is missing: ses_smtp_password needs it, so give both.",
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
def test_a_fault_names_the_variable_that_the_user_has_set(ca_file: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as fault:
        job(**{"region": "us-east-1", "ca_file": ca_file, "option_names": VARIABLES, **options})
    assert str(fault.value) == message


def test_all_faults_at_once() -> None:
    with pytest.raises(OptionError, match=r"(?s)region .*timeout .*retries "):
        job(region="us_east_1", timeout=0.0, retries=-1)


def test_a_secret_needs_a_region(ca_file: str) -> None:
    with pytest.raises(OptionError, match="region is missing"):
        job(endpoint="smtp.example", username="AKIAEXAMPLE", secret_access_key="some+secret+key", ca_file=ca_file)


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"username": "AKIAEXAMPLE", "password": SECRET}, "secret_access_key_as_password"),
        ({"username": "ASIAEXAMPLE", "password": "x"}, "temporary_keys"),
        ({"username": "AKIAEXAMPLE", "password": ""}, None),
    ],
)
def test_faults_that_the_table_explains(options: dict[str, Any], cause: str | None) -> None:
    with pytest.raises(OptionError) as fault:
        job(region="us-east-1", **options)
    assert [diagnosis["id"] for diagnosis in fault.value.diagnosis] == ([cause] if cause else [])


def test_a_trust_bundle_that_is_none_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "text").write_text("no certificate in here\n")
    (tmp_path / "empty").touch()
    (tmp_path / "cut").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    for name, sentence in {
        "none": "is not there",
        ".": "is no file",
        "text": "is no CA file",
        "empty": "is no CA file",
        "cut": "is no CA file",
    }.items():
        with pytest.raises(OptionError, match=f"ca_file .*{sentence}"):
            job(region="us-east-1", ca_file=str(tmp_path / name))
    monkeypatch.setattr(tls, "CA_FILES", ())
    with pytest.raises(OptionError, match="ca_file is not given"):
        job(region="us-east-1")


def test_the_message_is_made_only_to_be_sent(ca_file: str) -> None:
    options: dict[str, Any] = {
        "region": "us-east-1",
        "ca_file": ca_file,
        "sender": "a@b.example",
        "recipient": "c@d.example",
    }
    assert job(**options).message is None
    assert job(**options, send=True, check_mode=True).message is None
    message = job(**options, send=True, host_name="wéb\n1").message or ""
    assert message.startswith("From: <a@b.example>\r\nTo: <c@d.example>\r\n")
    assert message.isascii()
    assert message.count("\n") == message.count("\r\n")


@pytest.mark.parametrize(("host_name", "greeting"), [("web1", "web1"), ("web_1", ""), ("", ""), ("a b\r\nQUIT", "")])
def test_a_host_name_that_is_none_is_not_used(ca_file: str, host_name: str, greeting: str) -> None:
    assert job(region="us-east-1", ca_file=ca_file, host_name=host_name).client_name == greeting
