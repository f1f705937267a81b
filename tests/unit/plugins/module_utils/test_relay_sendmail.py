# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay in Sendmail's terms."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._relay import describe
from ansible_collections.mailops.ses.plugins.module_utils._relay_sendmail import (
    for_sendmail,
    in_sendmail,
    sendmail_faults,
)
from relay_variables import GOOD, LOAD_BALANCER

ENDPOINT = "email-smtp.us-east-1.amazonaws.com"


def relay(**variables):
    return describe({**GOOD, **variables}, ["web1.corp.test"], None)


def sendmail(**variables):
    return in_sendmail(relay(**variables))


def test_each_name_has_a_row_and_none_is_for_every_server():
    assert sendmail().credential_keys == [f"AuthInfo:{ENDPOINT}", f"AuthInfo:{LOAD_BALANCER}"]


def test_every_server_has_to_prove_that_it_is_the_endpoint():
    access = sendmail().access
    for name in ("", ENDPOINT, LOAD_BALANCER):
        assert access[f"TLS_Srv:{name}"] == f"TEMP+VERIFY:112+CN:{ENDPOINT}"
    assert access[f"Connect:{LOAD_BALANCER}"] == "RELAY"


def test_the_demanded_name_counts_not_the_one_that_was_connected_to():
    plan = sendmail()
    demanded = f"+CN:{ENDPOINT}"
    assert all(row.endswith(demanded) for key, row in plan.access.items() if key.startswith("TLS_Srv:"))
    rules = plan.rulesets[plan.rulesets.index("SLocal_tls_server") + 1 : plan.rulesets.index("Squeuegroup")]
    assert [f"<$* {demanded}> $*", f"$: <demanded> {ENDPOINT}"] in rules
    assert rules[-1][1].startswith("$#error")


@pytest.mark.parametrize(("messages", "seconds", "most"), [(100, 60, 100), (100, 5, 10), (20, 60, 20)])
def test_seconds_bound_a_connection_by_its_messages(messages, seconds, most):
    plan = sendmail(ses_connection_max_messages=messages, ses_connection_max_seconds=seconds)
    assert plan.max_messages == most


def test_the_hosts_names_are_masqueraded_and_stay_local():
    macros = sendmail(ses_masquerade_domain="example.com").macros
    assert macros["MASQUERADE_AS"] == ["example.com"]
    assert "web1.corp.test" in macros["MASQUERADE_DOMAIN"]
    assert "web1.corp.test" in macros["LOCAL_DOMAIN"]
    assert "MASQUERADE_AS" not in sendmail().macros


@pytest.mark.parametrize("further", [{}, {"ses_sender": "ops@example.org"}])
def test_the_organisations_mail_leaves_though_the_host_has_its_name(further):
    variables = {**GOOD, "ses_masquerade_domain": "example.com", **further}
    plan = in_sendmail(describe(variables, ["example.com"], None))
    assert "example.com" not in plan.macros["LOCAL_DOMAIN"]
    assert ["$+ < @ example.com $* >", f"$#relay $@ {ENDPOINT} $: $1 < @ example.com . >"] in plan.recipient_rules


def test_one_sender_replaces_every_address_but_the_null_sender():
    assert sendmail(ses_sender="ops@example.com").sender_rules == [
        ["<@>", "$@ <@>"],
        ["$+", "$@ ops < @ example.com . >"],
    ]
    assert sendmail().sender_rules == []


def test_nobody_is_exempt_from_masquerading():
    assert sendmail(ses_masquerade_domain="example.com").sender_rules == [
        ["$={E}", "$@ $1 < @ example.com . >"],
        ["$={E} < @ $=w . >", "$@ $1 < @ example.com . >"],
    ]


def test_the_bounce_recipients_own_mail_is_known_from_other_bounces():
    rules = sendmail(ses_sender="ops@example.com", ses_bounce_recipient="b@example.net").sender_rules
    assert rules[1] == ["b < @ example.net $* >", "$@ b < @ example.net . >"]


def test_a_local_bounce_recipient_is_out_of_the_aliases_reach():
    plan = sendmail(ses_bounce_recipient="nobody")
    assert plan.aliases == {}
    assert ["< > < $* > $*", "$#local $: \\nobody"] in plan.recipient_rules


def test_a_bounce_recipient_outside_gets_mail_from_itself_and_root_keeps_a_copy():
    plan = sendmail(ses_bounce_recipient="b@example.net")
    assert plan.aliases["owner-ses-bounces"] == "b@example.net"
    assert " " not in plan.aliases["ses-bounces"]  # the text map ends a value there
    assert any(option.startswith("O AliasFile=") for option in plan.options)


def test_the_configuration_set_is_a_header():
    assert "H?a?X-SES-CONFIGURATION-SET: news" in sendmail(ses_configuration_set="news").options
    assert not any(line.startswith("H") for line in sendmail().options)


@pytest.mark.parametrize("port", ["465", "2465"])
def test_wrapper_ports_are_refused_with_what_to_use_instead(port):
    (fault,) = sendmail_faults(port, ["web1.corp.test"], lambda: "")
    assert fault.startswith(f"ses_port '{port}'")
    assert "587" in fault


def test_auto_means_the_ports_that_sendmail_can_use():
    assert for_sendmail(relay(ses_port="auto")).ports == [587, 2587, 25]


@pytest.mark.parametrize(
    ("names", "qualified", "count"),
    [(["web1"], "web1", 1), (["web1"], "web1.corp.test", 0), (["web1.corp.test", "web1"], "", 0), ([], "", 1)],
)
def test_a_host_needs_a_qualified_name(names, qualified, count):
    assert len(sendmail_faults("587", names, lambda: qualified)) == count
