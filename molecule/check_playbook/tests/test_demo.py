# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo works, with either MTA."""

from __future__ import annotations

import os

import demo
import pytest
from testbed import engine
from testbed.relay import ENVIRONMENT


@pytest.fixture
def bare(layout):
    """The demo's host, and at the end none."""
    engine.renew(layout, [demo.HOST])
    yield layout
    engine.remove([layout.container(demo.HOST)])


@pytest.mark.parametrize("mta", list(demo.VIEWS))
def test_it_ends_with_a_delivered_mail(bare, endpoint, capfd, monkeypatch, tmp_path, mta):
    monkeypatch.chdir(tmp_path)  # where the check writes its reports
    for name in set(os.environ) - set(ENVIRONMENT):
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TESTBED_EXEC", "engine")  # as `make demo` does: here the roles run by the engine's own exec
    demo.give(bare, mta)
    shown = capfd.readouterr().out
    assert "envelope sender  root@example.com" in shown
    (message,) = [message for session in endpoint.sessions() for message in session["messages"]]
    assert "is delivered" in shown
    assert shown.count(message["id"]) == 2  # by the check, and by the endpoint
    assert message["from"] == "root@example.com"
    (package,) = [name for name in ("postfix", "sendmail-bin") if installed(bare, name)]
    assert package.startswith(mta)


def installed(layout, package):
    done = engine.run(
        "podman", "exec", layout.container(demo.HOST), "dpkg-query", "-W", "-f", "${Package} ${Status}\\n"
    )
    return f"{package} install ok installed" in str(done)
