# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's Postfix means for the relay: a state a row, with the verdict and the word that names it."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._finding import CHANGED, KEPT, REFUSED
from ansible_collections.mailops.ses.plugins.module_utils._look_postfix import Wishes, look, parameters
from ansible_collections.mailops.ses.plugins.module_utils._postfix_present import Present
from ansible_collections.mailops.ses.plugins.module_utils._relay import describe
from relay_variables import GOOD

HOST = "web1.corp.test"
TABLE = "texthash:/etc/postfix/transport"
EXPANDED = {
    "inet_interfaces": "loopback-only",
    "inet_protocols": "all",
    "mydestination": f"{HOST}, localhost",
    "mynetworks": "127.0.0.0/8 [::1]/128",
    "myorigin": HOST,
}


def relay():
    return describe({**GOOD, "ses_masquerade_domain": "example.com"}, [HOST], None)


def present(explicit=None, expanded=None, **more):
    return Present(explicit or {}, {**EXPANDED, **(expanded or {})}, **more)


ALL_ADDRESSES = {"inet_interfaces": "all"}
HUB = {"mynetworks": "127.0.0.0/8, 10.0.0.0/8"}
STATES = [
    (REFUSED, "inet_protocols", {"expanded": {"inet_protocols": "ipv6"}}),
    (
        REFUSED,
        "transport_maps",
        {"explicit": {"transport_maps": "ldap:/etc/postfix/l.cf"}, "map_types": frozenset(["hash"])},
    ),
    (REFUSED, "transport_maps", {"explicit": {"transport_maps": "hash:/nowhere/transport"}}),
    (
        REFUSED,
        "transport_maps",
        {"explicit": {"transport_maps": "static:smtp:[hub]"}, "ask": lambda _table, _key: "smtp:[hub]"},
    ),
    (
        REFUSED,
        "transport_maps",
        {"explicit": {"transport_maps": "inline:{x=y}"}, "rows": lambda _table: {"partner.example": ":[hub]"}},
    ),
    (REFUSED, "sender_dependent_relayhost_maps", {"explicit": {"sender_dependent_relayhost_maps": TABLE}}),
    (REFUSED, "defer_transports", {"explicit": {"defer_transports": "smtp"}}),
    (REFUSED, "ses_loopback_only", {"explicit": HUB, "expanded": {**ALL_ADDRESSES, **HUB}}),
    (KEPT, "inet_interfaces", {"expanded": ALL_ADDRESSES}),
    (CHANGED, "relayhost", {"explicit": {"relayhost": "[hub.corp.test]"}}),
    (CHANGED, "smtp_fallback_relay", {"explicit": {"smtp_fallback_relay": "[hub.corp.test]"}}),
    (CHANGED, "mydestination", {"explicit": {"mydestination": f"{HOST}, example.com"}}),
    (CHANGED, "sender_canonical_classes", {"explicit": {"sender_canonical_classes": "envelope_sender"}}),
    (KEPT, "multi_instance_directories", {"explicit": {"multi_instance_directories": "/etc/postfix-out"}}),
]


@pytest.mark.parametrize(("verdict", "subject", "state"), STATES)
def test_a_state_has_its_verdict_and_is_named(verdict, subject, state):
    found = [(finding.verdict, finding.subject.split()[0]) for finding in look(present(**state), relay(), Wishes())]
    assert (verdict, subject) in found


def test_a_relay_of_ours_has_nothing_to_be_named():
    assert look(present(), relay(), Wishes()) == []


def test_the_hosts_own_domains_and_maps_stay_beside_the_relays():
    explicit = {"mydestination": "$myhostname, lists.corp.test, example.com", "transport_maps": TABLE}
    values = parameters(present(explicit), relay(), Wishes())
    assert values["mydestination"] == ["$myhostname", "lists.corp.test"]
    assert values["transport_maps"] == ["regexp:/etc/postfix/ses_transport", TABLE]
    assert "myorigin" not in values
    assert "inet_interfaces" not in values


@pytest.mark.parametrize(
    "table", ["pipemap:{hash:/etc/postfix/a,hash:/etc/postfix/b}", "hash:/etc/postfix/ses_partners"]
)
def test_a_table_of_the_hosts_own_stays_whatever_it_is_called(table):
    values = parameters(present({"transport_maps": table}), relay(), Wishes())
    assert values["transport_maps"] == ["regexp:/etc/postfix/ses_transport", table]


def test_the_relays_own_table_is_named_once():
    ours = "regexp:/etc/postfix/ses_transport"
    assert parameters(present({"transport_maps": f"{ours}, {TABLE}"}), relay(), Wishes())["transport_maps"] == [
        ours,
        TABLE,
    ]


def test_who_asks_for_it_takes_mail_from_this_host_alone():
    assert parameters(present(), relay(), Wishes(loopback_only=True))["inet_interfaces"] == "loopback-only"
