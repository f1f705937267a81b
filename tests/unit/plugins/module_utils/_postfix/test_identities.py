# SPDX-License-Identifier: GPL-3.0-or-later
"""Senders with a log-in of their own, in Postfix: clients, tables, and those that go."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import SYSTEMS
from ansible_collections.mailops.ses.plugins.module_utils._postfix import generations
from ansible_collections.mailops.ses.plugins.module_utils._postfix.master_cf import Service
from ansible_collections.mailops.ses.plugins.module_utils._postfix.present import Present
from ansible_collections.mailops.ses.plugins.module_utils._postfix.relay import in_postfix, postfix_faults
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Request, Table
from ansible_collections.mailops.ses.plugins.module_utils._postfix.settings import wanted
from ansible_collections.mailops.ses.plugins.module_utils._relay.choice import choose
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import describe
from relay_variables import GOOD

WAYS = [
    {"sender": "brand.example", "ses_region": "eu-west-1", "ses_smtp_username": "AKIABRAND", "configuration_set": "b"},
    {
        "sender": "a.b@brand.example",
        "ses_region": "us-east-1",
        "ses_smtp_username": "AKIAADDR",
        "configuration_set": None,
    },
]


def asked(present=None, ways=WAYS, **variables):
    relay = describe({**GOOD, "ses_identities": ways, **variables}, ["web1.corp.test"], None)
    choice = choose(relay, None, "main-password", "/ca.pem", identity_passwords=["brand-password", "addr-password"])
    return wanted(relay, in_postfix(relay, present), choice, SYSTEMS["Debian 12"].of("postfix"))


def named(items, name):
    return next(item for item in items if item["name"] == name)


def test_each_identity_has_a_client_with_its_own_log_in_and_server():
    found = asked(ses_configuration_set="main")
    main, first, second = (named(found["services"], name) for name in ("ses-relay", "ses-identity1", "ses-identity2"))
    differ = {name for name in main["options"] if main["options"][name] != first["options"][name]}
    assert differ == {"smtp_connection_cache_destinations", "smtp_header_checks"}
    assert first["options"]["smtp_connection_cache_destinations"] == ["email-smtp.eu-west-1.amazonaws.com"]
    assert first["options"]["smtp_header_checks"] == ["regexp:/etc/postfix/ses_identity1_headers"]
    assert "smtp_header_checks" not in second["options"]
    assert (
        named(found["tables"], "ses_identity1_headers")["entries"]["/^From:/"] == "PREPEND X-SES-CONFIGURATION-SET: b"
    )
    log_in = named(found["tables"], "ses_identity2_passwd")
    assert log_in["service"] == "ses-identity2"
    assert set(log_in["secret_entries"].values()) == {"AKIAADDR:addr-password"}
    assert found["parameters"]["ses-identity2_destination_concurrency_limit"] == 10


@pytest.mark.parametrize(
    ("sender", "client"),
    [
        ("x@brand.example", "ses-identity1"),
        ("X@Brand.Example", "ses-identity1"),
        ("a.b@brand.example", "ses-identity2"),
        ("axb@brand.example", "ses-identity1"),
        ("x@sub.brand.example", None),
        ("x@brand.example.org", None),
        ("x@otherbrand.example", None),
        ("<>", None),
    ],
)
def test_senders_take_their_way_and_others_none(sender, client):
    found = asked()
    assert found["parameters"]["sender_dependent_default_transport_maps"] == [
        "regexp:/etc/postfix/ses_sender_transport",
        "regexp:/etc/postfix/ses_identities",
    ]
    rows = named(found["tables"], "ses_identities")["entries"]
    answers = [value for key, value in rows.items() if re.search(key[1:-1], sender, re.IGNORECASE)]
    assert (answers or [":"])[0].partition(":")[0] == (client or "")


def test_without_identities_there_is_nothing_of_them():
    found = asked(ways=[])
    assert named(found["tables"], "ses_identities")["state"] == "absent"
    assert found["parameters"]["sender_dependent_default_transport_maps"] == [
        "regexp:/etc/postfix/ses_sender_transport"
    ]
    assert not any("identity" in item["name"] for item in (*found["services"], *found["tables"]))


def test_identities_that_go_take_their_clients_tables_and_limits_along():
    names = ("ses-identity1", "ses-identity1-2", "ses-identity2", "ses-identity2-2", "ses-identity10")
    there = Present({}, {}, services={(name, "unix"): Service(name, "unix", command="smtp") for name in names})
    found = asked(there, WAYS[:1])
    gone = [item["name"] for item in (*found["services"], *found["tables"]) if item.get("state") == "absent"]
    assert {name for name in gone if "identit" in name} == {
        *("ses-identity2", "ses_identity2_headers", "ses_identity2_passwd"),
        *("ses-identity10", "ses_identity10_headers", "ses_identity10_passwd"),
    }
    (log_in,) = (table for table in found["tables"] if table["name"] == "ses_identity2_passwd")
    assert "secret_entries" in log_in  # a difference does not show what goes
    assert found["parameters"]["ses-identity2_destination_recipient_limit"] is None
    assert found["parameters"]["ses-identity1_destination_recipient_limit"] == 50


def test_a_generations_rows_lead_to_its_own_clients_and_secrets_stay_as_they_are():
    request = Request(
        {},
        {},
        tuple({"name": name, "type": "unix", "generations": True} for name in ("ses-relay", "ses-identity1")),
        (
            Table(
                "ses_identities", "regexp", None, {"/x/": "ses-identity1:[a.test]:587"}, False, True, generations=True
            ),
            Table("passwd", "", None, {"a.test": "ses-relay:password"}, True, True, generations=True),
        ),
        "/etc/postfix",
    )
    tables = generations.named(request, "-2").tables
    assert tables[0].entries == {"/x/": "ses-identity1-2:[a.test]:587"}
    assert tables[1].entries == {"a.test": "ses-relay:password"}


def test_an_identitys_headers_count_with_the_others():
    three = {"X-SES-TENANT": "a", "X-SES-MESSAGE-TAGS": "a=b", "X-SES-LIST-MANAGEMENT-OPTIONS": "a"}
    (fault,) = postfix_faults({**GOOD, "ses_headers": three, "ses_identities": [WAYS[1], WAYS[0]]})
    assert fault.startswith("ses_headers and ses_identities[1].configuration_set are 4 headers")


@pytest.mark.parametrize("name", ["ses_identity7_passwd_2.lmdb", "ses_identity7_headers"])
def test_tables_that_a_killed_run_left_without_a_client_go(name):
    present = Present({}, {}, files=frozenset([name, "ses_identity1_passwd", "main.cf", "ses_identities"]))
    tables = {table["name"]: table["state"] for table in asked(present)["tables"] if table.get("state") == "absent"}
    assert {"ses_identity7_headers", "ses_identity7_passwd"} <= tables.keys()
    assert "ses_identity1_passwd" not in tables
