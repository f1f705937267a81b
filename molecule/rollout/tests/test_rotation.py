# SPDX-License-Identifier: GPL-3.0-or-later
"""A credential is rotated under streams of mail: none is lost, and the old one is free only when all have the new."""

from __future__ import annotations

import threading

import pytest
from fleet import NAMES, Fleet

OLD, NEW = "AKIATESTBEDUSEAST123", "AKIATESTBEDROTATED12"
SECRETS = {OLD: "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLETEST1", NEW: "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLETEST2"}
ROTATE = "mailops.ses.rotate_credentials"
FREE = "The old credential is free to retire"


@pytest.fixture
def fleet(tmp_path, layout, endpoint):
    """Hosts that all have the old credential."""
    found = Fleet(tmp_path, layout)
    endpoint.credentials(table(OLD))
    for relay in found.hosts.values():
        relay.empty()
    found.passes(ses_rollout_restart=True)
    yield found
    endpoint.credentials(table(OLD))


def table(*users):
    """Credentials as the simulator takes them."""
    return {user: {"secret_access_key": SECRETS[user]} for user in users}


def new(**variables):
    """The new credential, as a user's store has it."""
    return {"playbook": ROTATE, "ses_smtp_username": NEW, "ses_secret_access_key": SECRETS[NEW], **variables}


def users(fleet, endpoint, names=NAMES):
    """With which credential mail of these hosts arrives."""
    relays = [fleet.hosts[name] for name in names]
    return {relay.arrived(endpoint, relay.send())[0]["user"] for relay in relays}


def test_no_mail_is_lost_and_none_is_refused_and_the_old_credential_is_free_when_all_have_the_new(fleet, endpoint):
    fleet_of = {"ses_rotation_fleet": list(NAMES)}
    endpoint.credentials(table(OLD, NEW))
    with fleet.streams(endpoint):
        some = fleet.passes("--limit", "debian12,debian13s,localhost", **new(**fleet_of))
        assert (
            "Keep the old credential: 2 hosts of 4 in the inventory may still use it: debian12s, debian13."
            in some.stdout
        )
        assert FREE not in some.stdout
        done = fleet.passes(**new(**fleet_of))
        assert FREE in done.stdout
        assert users(fleet, endpoint) == {NEW}
        endpoint.credentials(table(NEW))  # the old one is retired
        for relay in fleet.hosts.values():
            relay.arrived(endpoint, relay.send())
    commands = [command for session in endpoint.sessions() for command in session["commands"]]
    assert [reply for _line, reply in commands if reply.startswith("535")] == []


def test_a_new_key_that_ses_does_not_know_yet_is_waited_for(fleet, endpoint):
    later = threading.Timer(8.0, lambda: endpoint.credentials(table(OLD, NEW)))
    later.start()
    done = fleet.passes(**new(ses_rotation_patience=120))
    later.join()
    assert users(fleet, endpoint) == {NEW}, done.stdout


def test_a_wrong_credential_changes_nothing(fleet, endpoint):
    before = {name: fleet.settled(name) for name in NAMES}
    done = fleet.run(**new(ses_rotation_patience=0))
    assert done.returncode != 0
    assert "No host was changed." in done.stdout
    assert {name: fleet.settled(name) for name in NAMES} == before
    assert users(fleet, endpoint) == {OLD}
