# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo works, with either MTA, and from an empty account on."""

from __future__ import annotations

import os

import demo
import pytest
from aws import Account
from testbed import engine
from testbed.relay import ENVIRONMENT


@pytest.fixture
def bare(layout):
    """The demo's host, and at the end none."""
    engine.renew(layout, [demo.HOST])
    yield layout
    engine.remove([layout.container(demo.HOST)])


@pytest.fixture
def surroundings(monkeypatch, tmp_path):
    """Those of `make demo`."""
    monkeypatch.chdir(tmp_path)  # where the check writes its reports
    for name in set(os.environ) - set(ENVIRONMENT):
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TESTBED_EXEC", "engine")  # here the roles run by the engine's own exec
    return monkeypatch


@pytest.mark.parametrize("mta", list(demo.VIEWS))
def test_it_ends_with_a_delivered_mail(bare, endpoint, capfd, surroundings, mta):
    demo.give(bare, mta)
    shown = capfd.readouterr().out
    assert "envelope sender  root@example.com" in shown
    (message,) = [message for session in endpoint.sessions() for message in session["messages"]]
    assert "is delivered" in shown
    assert shown.count(message["id"]) == 2  # by the check, and by the endpoint
    assert message["from"] == "root@example.com"
    (package,) = [name for name in ("postfix", "sendmail-bin") if installed(bare, name)]
    assert package.startswith(mta)


def test_it_goes_from_an_empty_account_to_a_delivered_mail(bare, endpoint, capfd, surroundings):
    with Account([demo.REGION]) as account:
        for name, value in account.environment.items():
            surroundings.setenv(name, value)
        demo.give_with_account(bare, "postfix", account)
        shown = capfd.readouterr().out
        assert "put-account-details" in shown
        assert not [secret for secret in account.secrets() if secret in shown]
        (key,) = account.keys(demo.USER)
    assert f"user             {key} " in shown
    (message,) = [message for session in endpoint.sessions() for message in session["messages"]]
    assert shown.count(message["id"]) == 2


def installed(layout, package):
    done = engine.run(
        "podman", "exec", layout.container(demo.HOST), "dpkg-query", "-W", "-f", "${Package} ${Status}\\n"
    )
    return f"{package} install ok installed" in str(done)
