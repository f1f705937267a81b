# SPDX-License-Identifier: GPL-3.0-or-later
"""What the relay's own client has for further ways out."""

from __future__ import annotations

from ansible_collections.mailops.ses.plugins.module_utils._host.systems import SYSTEMS
from ansible_collections.mailops.ses.plugins.module_utils._postfix.relay import in_postfix
from ansible_collections.mailops.ses.plugins.module_utils._postfix.settings import BACK_AFTER, IN_TIME, wanted
from ansible_collections.mailops.ses.plugins.module_utils._relay.choice import choose
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import Fallback, describe
from relay_variables import GOOD, PASSWORD

HOME, IRELAND = "email-smtp.us-east-1.amazonaws.com", "email-smtp.eu-west-1.amazonaws.com"
OTHER = Fallback(IRELAND, 2587, "AKIAI44QH8DHBEXAMPLE", [IRELAND])


def asked(*ways, **variables):
    """The relay's client, and the rows of its log-ins."""
    relay = describe({**GOOD, **variables}, ["web1.corp.test"], None, ways)
    choice = choose(relay, None, PASSWORD, "/etc/ssl/ca.pem", ["other" * 3] * len(ways))
    found = wanted(relay, in_postfix(relay), choice, SYSTEMS["Debian 13"].postfix)
    (client,) = (one["options"] for one in found["services"] if one["name"] == "ses-relay")
    (rows,) = (one["secret_entries"] for one in found["tables"] if one.get("secret_entries"))
    return client, rows


def test_without_further_ways_the_client_has_no_fallback_and_postfixs_own_timeouts():
    client, _rows = asked()
    assert client["smtp_fallback_relay"] == []
    assert not set(IN_TIME) & set(client)
    assert client["smtp_connection_cache_destinations"] == [HOME]


def test_a_further_way_has_its_own_log_in_and_its_connections_are_kept():
    client, rows = asked(OTHER)
    assert client["smtp_fallback_relay"] == [f"[{IRELAND}]:2587"]
    assert client["smtp_connection_cache_destinations"] == [HOME, IRELAND]
    assert rows[IRELAND] == rows[f"[{IRELAND}]:2587"] == f"{OTHER.username}:otherotherother"
    assert rows[HOME] == rows[f"[{HOME}]:587"] == f"{GOOD['ses_smtp_username']}:{PASSWORD}"
    assert set(IN_TIME) <= set(client)


def test_a_further_way_has_its_own_log_in_though_the_first_has_its_name_among_the_aliases():
    _client, rows = asked(OTHER, ses_hostname_aliases=[IRELAND, "a.test"])
    assert rows[IRELAND] == rows[f"[{IRELAND}]:2587"] == f"{OTHER.username}:otherotherother"
    assert rows["a.test"] == rows[HOME] == f"{GOOD['ses_smtp_username']}:{PASSWORD}"


def test_all_clients_together_have_no_more_connections_than_have_their_turn_soon():
    senders = [
        {"sender": f"{name}.test", "ses_region": "us-east-1", "ses_smtp_username": "AKIAX", "configuration_set": None}
        for name in "abc"
    ]
    relay = describe({**GOOD, "ses_max_rate": 5.0, "ses_identities": senders}, ["web1.corp.test"], None)
    choice = choose(relay, None, PASSWORD, "/etc/ssl/ca.pem", identity_passwords=["other"] * 3)
    parameters = wanted(relay, in_postfix(relay), choice, SYSTEMS["Debian 13"].postfix)["parameters"]
    for client in ("ses-relay", "ses-identity3"):
        assert parameters[f"{client}_destination_concurrency_limit"] == 5


def test_another_port_of_the_first_endpoint_has_the_firsts_log_in():
    _client, rows = asked(Fallback(HOME, 2587, GOOD["ses_smtp_username"], [HOME]))
    assert rows[HOME] == f"{GOOD['ses_smtp_username']}:{PASSWORD}"
    assert f"[{HOME}]:2587" in rows


def test_mail_is_back_on_the_first_way_in_time_however_long_a_connection_may_last():
    assert asked(ses_connection_max_seconds=3600)[0]["smtp_connection_reuse_time_limit"] == "3600s"
    assert asked(OTHER, ses_connection_max_seconds=3600)[0]["smtp_connection_reuse_time_limit"] == f"{BACK_AFTER}s"
    assert asked(OTHER)[0]["smtp_connection_reuse_time_limit"] == "60s"
