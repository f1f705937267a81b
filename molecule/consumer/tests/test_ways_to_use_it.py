# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to use a role or a playbook makes a bare host a relay, for a user who is not root, over SSH.

This file comes first: it is the one that finds the hosts bare."""

from __future__ import annotations

import pytest
from conftest import MTAS, USER, WAYS, command_of
from testbed.stranger import DEADLINE

BY_HOST = pytest.mark.parametrize(("host_name", "way"), WAYS.items())


def each(consumer, *arguments):
    """Run each way on its own host, all at the same time; what each printed."""
    started = {name: consumer.start(*command_of(consumer, way, name, *arguments)) for name, way in WAYS.items()}
    done = {name: (process.communicate(timeout=DEADLINE)[0], process.returncode) for name, process in started.items()}
    return {name: printed for name, (printed, code) in done.items() if code == 0 or pytest.fail(printed)}


@pytest.fixture(scope="module")
def checked(consumer, machine):
    """--check --diff on bare hosts: what it printed, and whether the MTA is there afterwards."""
    printed = each(consumer, "--check", "--diff")
    return {name: (text, machine(name).exists(MTAS[name].command)) for name, text in printed.items()}


@pytest.fixture(scope="module")
def converged(checked, consumer):
    """The first run."""
    return each(consumer)


@pytest.fixture(scope="module")
def repeated(converged, consumer):
    """The second run."""
    return each(consumer)


@BY_HOST
def test_check_mode_tells_what_is_to_come_and_changes_nothing(checked, host_name, way):
    printed, installed = checked[host_name]
    assert not installed
    assert f"+{MTAS[host_name].announcement}" in printed
    assert "libsasl2-modules" in printed
    assert "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLETEST1" not in printed


@BY_HOST
def test_a_mail_arrives_by_the_mta_of_this_role(converged, relay_on, endpoint, host_name, way):
    relay = relay_on(host_name)
    session, message = relay.arrived(endpoint, relay.send())
    assert (session["user"], message["from"]) == ("AKIATESTBEDUSEAST123", "root@example.com")
    (received, *_earlier) = [value for name, value in message["headers"] if name == "Received"]
    assert MTAS[host_name].trace in received


@BY_HOST
def test_a_second_run_changes_nothing(repeated, host_name, way):
    assert "changed=0" in repeated[host_name]


@BY_HOST
def test_nothing_warns(converged, repeated, host_name, way):
    """No deprecated feature, no reserved name, no undefined variable: what a user would ask about."""
    assert [line for line in (converged[host_name] + repeated[host_name]).splitlines() if "WARNING" in line] == []


@BY_HOST
def test_nothing_is_left_in_the_users_directory(repeated, machine, host_name, way):
    left = machine(host_name).run(f"find /home/{USER}/.ansible/tmp -mindepth 1")
    assert (left.rc, left.stdout) == (0, "")
