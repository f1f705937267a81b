# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay in Sendmail's terms."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import Fallback, describe
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.relay import (
    fallback_faults,
    for_sendmail,
    identity_faults,
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


def test_what_ses_needs_is_demanded_of_the_endpoint_alone():
    plan = sendmail()
    assert plan.access == {f"Connect:{name}": "RELAY" for name in (ENDPOINT, LOAD_BALANCER)}
    for ruleset in ("Stry_tls", "Stls_server", "Sauthinfo", "Scheck_compat"):
        rules = ruleset_of(plan, ruleset)
        assert any(f"< {ENDPOINT} >" in left for left, _right in rules)
    # What others have of their own stands below them, and gets what they got.
    for ruleset in ("Stry_tls", "Stls_server", "Scheck_compat"):
        assert ruleset_of(plan, ruleset)[-1] == ["< $* > $*", "$: $2"]


def test_a_server_proves_the_endpoints_name_not_the_one_that_was_connected_to():
    rules = ruleset_of(sendmail(), "Stls_server")
    assert ["< ses > FALSE", f"$: <demanded> {ENDPOINT}"] in rules
    assert not any("server_name" in part for rule in rules for part in rule)
    for said in ("NONE", "FAIL", "$*"):
        (right,) = [right for left, right in rules if left == f"< {ENDPOINT} > {said}"]
        assert right.startswith("$#error $@ 4.7.0")


def test_the_endpoints_mail_waits_without_a_credential_and_without_an_address():
    plan = sendmail()
    assert ["ses < ? >", "$# temp"] in ruleset_of(plan, "Sauthinfo")
    answers = [
        right for left, right in ruleset_of(plan, "Scheck_compat") if left.startswith("< ses") and "#error" in right
    ]
    assert [answer.startswith('$#error $@ 4.4.3 $: "450 ') for answer in answers] == [True, True]
    maps = [line.split()[0][1:] for line in plan.options if line.startswith("K")]
    assert {"ses_name", "ses_address"} <= set(maps)


def ruleset_of(plan, name):
    """The rules of a ruleset that stands among those of ruleset 0."""
    rest = plan.recipient_rules[plan.recipient_rules.index(name) + 1 :]
    return rest[: next(number for number, item in enumerate(rest) if isinstance(item, str))]


def test_daemons_listen_on_loopback_alone_or_are_the_hosts():
    assert sendmail().macros["DAEMON_OPTIONS"]
    assert sendmail().defines["confDAEMON_OPTIONS"] is None
    kept = in_sendmail(relay(), keep_daemons=True)
    assert "DAEMON_OPTIONS" not in kept.macros
    assert kept.defines == kept.features == {}


def test_the_hosts_own_daemons_on_loopback_stay_beside_the_distributions_or_in_their_place():
    apps, mta = "Name=APPS, Port=5587, Addr=127.0.0.1, M=E", "Port=smtp,Addr=localhost, Name=MTA, M=E"
    named = in_sendmail(relay(), own_daemons=[mta, apps]).macros["DAEMON_OPTIONS"]
    assert named == [sendmail().macros["DAEMON_OPTIONS"][1], mta, apps]


def test_rules_use_no_map_that_only_a_feature_of_the_host_declares():
    plan = sendmail()
    declared = {line.split()[0][1:] for line in plan.options if line.startswith("K")}
    rules = [*plan.recipient_rules, *plan.sender_rules, *plan.rulesets]
    texts = [text for rule in rules if not isinstance(rule, str) for text in rule]
    used = {name for text in texts for name in re.findall(r"\$\((\w+)", text)}
    assert used
    assert used <= declared


def test_rows_of_access_come_where_it_is_read():
    assert sendmail().access
    assert in_sendmail(relay(), reads_access=False).access == {}


@pytest.mark.parametrize(("messages", "seconds", "most"), [(100, 60, 100), (100, 5, 10), (20, 60, 20)])
def test_seconds_bound_a_connection_by_its_messages(messages, seconds, most):
    plan = sendmail(ses_connection_max_messages=messages, ses_connection_max_seconds=seconds)
    assert f" m={most}, r=50, " in plan.mailer


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
    leaves = f"$#ses_relay $@ {ENDPOINT} $: $1 < @ example.com . >"
    assert ["< > $+ < @ example.com . >", leaves] in plan.recipient_rules


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
    assert ["< $- > $#ses_relay $*", "$#local $: \\nobody"] in plan.recipient_rules


def test_a_bounce_recipient_outside_gets_mail_from_itself_and_root_keeps_a_copy():
    plan = sendmail(ses_bounce_recipient="b@example.net")
    assert plan.aliases["owner-ses-bounces"] == "b@example.net"
    assert " " not in plan.aliases["ses-bounces"]  # the text map ends a value there
    assert any(option.startswith("O AliasFile=") for option in plan.options)


def test_the_configuration_set_is_a_header():
    assert "H?y?X-SES-CONFIGURATION-SET: news" in sendmail(ses_configuration_set="news").options
    assert not any(line.startswith("H") for line in sendmail().options)


def test_sess_headers_are_header_lines_of_the_relays_mailer_alone():
    options = sendmail(ses_headers={"X-SES-TENANT": "acme", "X-SES-MESSAGE-TAGS": "a=b, c=d"}).options
    assert [line for line in options if line.startswith("H")] == [
        "H?y?X-SES-TENANT: acme",
        "H?y?X-SES-MESSAGE-TAGS: a=b, c=d",
    ]


def test_with_a_rate_a_mail_waits_for_its_turn_once_and_others_do_not():
    made, without = sendmail(ses_max_rate=4.0), sendmail()
    rules = ruleset_of(made, "Scheck_compat")
    at = next(number for number, rule in enumerate(rules) if "ses_paced" in rule[1])
    # What follows the name are addresses in brackets, which no rule may take for the mail that had its turn.
    assert rules[at : at + 4] == [
        [f"< {ENDPOINT} > $*", f"$: < {ENDPOINT} $&{{ses_paced}} > $1"],
        [f"< {ENDPOINT} $&i > $*", f"$: < paced {ENDPOINT} > $1"],
        [
            f"< {ENDPOINT} $* > $*",
            f"$: $(ses_macro {{ses_paced}} $@ $&i $) < paced {ENDPOINT} > $(ses_pace 0.2500 $: $) $2",
        ],
        [f"< paced {ENDPOINT} > $*", f"$: < {ENDPOINT} > $1"],
    ]
    assert "Kses_pace program /usr/bin/flock /var/spool/mqueue /bin/sleep" in made.options
    assert not any("ses_pace" in str(item) for item in (*without.recipient_rules, *without.options))


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


IRELAND = "email-smtp.eu-west-1.amazonaws.com"
TWO = [Fallback(IRELAND, 587, "AKIAI44QH8DHBEXAMPLE", [IRELAND])]


def with_fallback():
    return in_sendmail(describe(GOOD, ["web1.corp.test"], None, TWO))


def test_with_a_further_way_the_rules_mean_the_list_of_both_servers():
    plan = with_fallback()
    for ruleset in ("Stry_tls", "Stls_server", "Sauthinfo", "Scheck_compat"):
        assert any(f"< {ENDPOINT}:{IRELAND} >" in left for left, _right in ruleset_of(plan, ruleset))


def test_each_server_of_the_list_proves_its_own_name_and_no_other_server_any():
    rules = ruleset_of(with_fallback(), "Stls_server")
    assert ["< ses > FALSE", "$: <server> $&{server_name}"] in rules
    for name in (ENDPOINT, IRELAND):
        assert [f"<server> {name}", f"$: <demanded> {name}"] in rules
    (right,) = [right for left, right in rules if left == "<server> $*"]
    assert right.startswith("$#error $@ 4.7.0")


def test_one_server_with_an_address_is_enough():
    rules = ruleset_of(with_fallback(), "Scheck_compat")
    answers = [right for left, right in rules if left.startswith("< ses") and "#error" in right]
    assert len(answers) == 2
    assert all(IRELAND in answer for answer in answers)


def test_all_ways_have_the_port_of_the_mailer():
    ways = [{"ses_region": "eu-west-1", "ses_port": port} for port in ("587", "2587")]
    assert fallback_faults(GOOD) == fallback_faults({**GOOD, "ses_port": 587, "ses_fallback": ways[:1]}) == []
    (fault,) = fallback_faults({**GOOD, "ses_port": 587, "ses_fallback": ways})
    assert fault.startswith("ses_fallback[1].port '2587' is another than ses_port '587'")


def test_the_names_of_all_ways_have_room_in_sendmails_host():
    few, many = ([{"ses_port": "587", "ses_endpoint": f"{'x' * 50}{n}.test"} for n in range(count)] for count in (3, 4))
    assert fallback_faults({**GOOD, "ses_fallback": few}) == []
    (fault,) = fallback_faults({**GOOD, "ses_fallback": many})
    assert fault.startswith("ses_fallback has endpoints whose names have 262 characters with the first one's")


def test_identities_have_room_among_sendmails_mailers():
    assert identity_faults({}) == identity_faults({"ses_identities": [{}] * 12}) == []
    assert identity_faults({"ses_identities": [{}] * 13}) == [
        "ses_identities has 13 entries, and Sendmail has room for 12; use domains in place of addresses, or the role "
        "mailops.ses.postfix."
    ]


WAYS = [
    {"sender": "brand.example", "ses_region": "eu-west-1", "ses_smtp_username": "AKIABRAND", "configuration_set": "b"},
    {"sender": "ops@example.com", "ses_region": "us-east-1", "ses_smtp_username": "AKIAOPS", "configuration_set": None},
]


def with_identities(**variables):
    return sendmail(ses_identities=WAYS, ses_masquerade_domain="example.com", **variables)


def test_each_identity_has_a_mailer_that_leads_to_its_own_server():
    made = with_identities()
    assert [line.partition(",")[0] for line in made.identity_mailers] == ["Mses_identity1", "Mses_identity2"]
    assert made.identity_mailers[0].endswith("A=TCP email-smtp.eu-west-1.amazonaws.com")
    assert made.mailer.endswith("A=TCP $h")
    assert sendmail().identity_mailers == []


def test_senders_are_marked_addresses_before_domains_and_a_local_user_as_masqueraded():
    marks = [
        rule
        for rule in with_identities().recipient_rules
        if isinstance(rule, list) and "{ses_set}" in rule[1] and "identity" in rule[1]
    ]
    none = "$: $(ses_macro {ses_set} $)"
    assert marks == [
        ["< ops @ example.com > < $* > $*", f"{none} < ses_identity2 > $2"],
        ["< ops > < $* > $*", f"{none} < ses_identity2 > $2"],
        ["< ops @ $=w > < $* > $*", f"{none} < ses_identity2 > $3"],
        ["< $+ @ brand.example > < $* > $*", "$: $(ses_macro {ses_set} $@ b $) < ses_identity1 > $3"],
    ]


def test_only_what_would_go_to_ses_takes_an_identitys_way():
    rules = with_identities().recipient_rules
    at = rules.index(["< ses_identity1 > $+", "$: < ses_identity1 > $1 $| $>ses_later $1"])
    assert rules[at + 1 : at + 3] == [
        ["< ses_identity1 > $+ $| $#ses_relay $*", "$#ses_identity1 $@ ses_identity1 $: $1"],
        ["< ses_identity1 > $+ $| $#$*", "$#$2"],
    ]


def test_an_identity_proves_its_servers_name_and_has_its_own_row():
    proofs = ruleset_of(with_identities(), "Stls_server")
    at = next(number for number, rule in enumerate(proofs) if rule[0] == "< ses_identity1 > OK")
    assert proofs[at + 1] == ["< ses > FALSE", "$: <demanded> email-smtp.eu-west-1.amazonaws.com"]
    log_ins = ruleset_of(with_identities(), "Sauthinfo")
    assert ["< ses_identity2 >", "$: ses < $(ses_authinfo AuthInfo:ses_identity2 $: ? $) >"] in log_ins
    assert ["< ses_identity1 > $*", "$@ OK"] in ruleset_of(with_identities(), "Stry_tls")


def test_a_mail_has_the_configuration_set_of_its_way_alone():
    made = with_identities(ses_configuration_set="main", ses_headers={"X-SES-TENANT": "acme"})
    assert [line for line in made.options if line.startswith("H")] == [
        "H?y?X-SES-CONFIGURATION-SET: ${ses_set}",
        "H?y?X-SES-TENANT: acme",
    ]
    sets = {rule[0]: rule[1] for rule in made.recipient_rules if isinstance(rule, list) and "{ses_set}" in rule[1]}
    assert sets["< $+ @ brand.example > < $* > $*"].startswith("$: $(ses_macro {ses_set} $@ b $) < ses_identity1 >")
    assert sets["< ops @ example.com > < $* > $*"].startswith("$: $(ses_macro {ses_set} $) < ses_identity2 >")
    assert sets["< $* > < $* > $*"] == "$: $(ses_macro {ses_set} $@ main $) < > $3"
    assert not any("ses_set" in str(rule) for rule in sendmail(ses_configuration_set="main").recipient_rules)


def test_a_bounce_recipient_among_the_identities_is_sent_by_its_way():
    rules = with_identities(ses_bounce_recipient="x@brand.example").recipient_rules
    assert any("$#ses_identity1 $@ ses_identity1 $: x < @ brand.example . >" in rule[1] for rule in rules)
    # It has that way's configuration set when it is queued, before the alias leads to the rule above.
    stays = "$#local $: $(ses_macro {ses_set} $@ b $) ses-bounces"
    assert ["< null > $+ < @ example.com . >", stays] in rules
    assert ["< $- > $#ses_relay $*", stays] in rules
