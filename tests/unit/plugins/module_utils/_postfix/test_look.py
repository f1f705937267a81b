# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's Postfix means for the relay: a state a row, with the verdict and the word that names it."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import SYSTEMS
from ansible_collections.mailops.ses.plugins.module_utils._postfix.look import (
    Wishes,
    look,
    names,
    parameters,
    services_left,
    tables_left,
)
from ansible_collections.mailops.ses.plugins.module_utils._postfix.master_cf import Service
from ansible_collections.mailops.ses.plugins.module_utils._postfix.present import Present
from ansible_collections.mailops.ses.plugins.module_utils._postfix.relay import in_postfix
from ansible_collections.mailops.ses.plugins.module_utils._postfix.settings import wanted
from ansible_collections.mailops.ses.plugins.module_utils._relay.choice import choose
from ansible_collections.mailops.ses.plugins.module_utils._relay.finding import CHANGED, KEPT, REFUSED
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import describe
from relay_variables import GOOD, PASSWORD

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
RELAYED = {
    "explicit": {"relay_domains": "dept.test"},
    "expanded": {"relay_domains": "dept.test", "relay_transport": "relay", "relayhost": "[hub.corp.test]"},
}
HELPERS = {(name, "unix"): Service(name, "unix") for name in ("tlsmgr", "scache")}
# Of main.cf as release 0.1.0 wrote it
FIRST_RELEASE = {
    "sender_dependent_default_transport_maps": "inline:{ {<> = ses-bounce:[127.0.0.25]:25} }",
    "smtp_sasl_password_maps": "hash:/etc/postfix/sasl_passwd",
    "smtp_tls_security_level": "secure",
    "smtp_sasl_auth_enable": "yes",
    "relay_domains": "ses-bounce.invalid",
    "relay_transport": "ses-mailbox",
    "smtp_tls_CAfile": "/etc/ssl/certs/ca-certificates.crt",
    "smtp_destination_concurrency_limit": "10",
}


def inet(name, **options):
    return {**HELPERS, (name, "inet"): Service(name, "inet", command="smtpd", options=options)}


def returning(name):
    """The service at which null senders' mail comes in once more."""
    return inet(name, cleanup_service_name="ses-bounce-cleanup")


STATES = [
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
    # What has to be expanded to be asked
    (
        REFUSED,
        "transport_maps",
        {
            "explicit": {"transport_maps": "hash:$config_directory/transport"},
            "expanded": {"transport_maps": "inline:{*=smtp:[hub]}"},
            "ask": lambda table, key: "smtp:[hub]" if (table, key) == ("inline:{*=smtp:[hub]}", "*") else "",
        },
    ),
    # What goes by relayhost beside the default transport
    (REFUSED, "relay_transport", {"explicit": {"relay_transport": "smtp:$relayhost"}}),
    (REFUSED, "fallback_transport", {"explicit": {"fallback_transport": "smtp:${relayhost}"}}),
    (CHANGED, "relay_domains", RELAYED),
    (CHANGED, "queue_run_delay", {"explicit": {"queue_run_delay": "300s", "maximal_backoff_time": "20m"}}),
    (REFUSED, "relay_domains", {**RELAYED, "expanded": {**RELAYED["expanded"], **ALL_ADDRESSES}}),
    (REFUSED, "relay_domains", {**RELAYED, "expanded": {"relay_domains": "dept.test"}}),
    (REFUSED, "master.cf", {"services": {("smtp", "unix"): Service("smtp", "unix")}}),
    (REFUSED, "ses_loopback_only", {"expanded": ALL_ADDRESSES, "services": inet("192.0.2.1:587")}),
    (REFUSED, "ses_loopback_only", {"services": inet("0.0.0.0:587")}),
    (REFUSED, "ses_loopback_only", {"explicit": {"smtpd_sasl_auth_enable": "yes"}, "expanded": ALL_ADDRESSES}),
    # A table of domains, of which some have no way or which cannot be read
    (
        REFUSED,
        "relay_domains",
        {
            "explicit": {"relay_domains": "mysql:/etc/postfix/domains"},
            "expanded": {"relay_domains": "mysql:/etc/postfix/domains", "relayhost": "[hub.corp.test]"},
            "rows": lambda _table: None,
        },
    ),
    (REFUSED, "receive_override_options", {"explicit": {"receive_override_options": "no_address_mappings"}}),
    (
        CHANGED,
        "empty_address_default_transport_maps_lookup_key",
        {"explicit": {"empty_address_default_transport_maps_lookup_key": "nobody"}},
    ),
    (CHANGED, "main.cf", {"explicit": FIRST_RELEASE}),
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


def test_a_host_that_adds_no_missing_headers_is_told_that_it_will():
    both = {"ses_headers": {"X-SES-TENANT": "a"}, "ses_configuration_set": "b"}
    several = describe({**GOOD, "ses_masquerade_domain": "example.com", **both}, [HOST], None)
    there = present({"always_add_missing_headers": "no"})
    assert [one.subject for one in look(there, several, Wishes()) if one.verdict == CHANGED] == [
        "always_add_missing_headers"
    ]
    assert look(present({"always_add_missing_headers": "yes"}), several, Wishes()) == []
    assert parameters(there, several, Wishes())["always_add_missing_headers"] is True
    assert "always_add_missing_headers" not in parameters(there, relay(), Wishes())


def test_the_relays_own_table_is_named_once():
    ours = "regexp:/etc/postfix/ses_transport"
    assert parameters(present({"transport_maps": f"{ours}, {TABLE}"}), relay(), Wishes())["transport_maps"] == [
        ours,
        TABLE,
    ]


@pytest.mark.parametrize("item", ["$mydomain", "${mydomain}", "$(mydomain)", "$our"])
def test_the_organisations_domain_goes_whichever_parameter_names_it(item):
    explicit = {"mydestination": f"$myhostname, localhost.$mydomain, {item}", "our": "$mydomain"}
    host = present(
        explicit, {"mydomain": "example.com", "mydestination": f"{HOST}, localhost.example.com, example.com"}
    )
    assert parameters(host, relay(), Wishes())["mydestination"] == ["$myhostname", "localhost.$mydomain"]
    assert "mydestination had example.com" in look(host, relay(), Wishes())[0].sentence


def test_a_service_at_an_address_of_its_own_is_not_closed_by_inet_interfaces():
    found = look(present(services=inet("192.0.2.1:25")), relay(), Wishes(loopback_only=True))
    assert [(finding.verdict, finding.subject) for finding in found] == [(REFUSED, "ses_loopback_only")]
    assert look(present(services=inet("127.0.0.1:587")), relay(), Wishes(loopback_only=True)) == []


def test_relay_domains_of_a_file_are_its_words(tmp_path):
    file = tmp_path / "relay_domains"
    file.write_text("# ours\ndept.test, other.test  # and theirs\n")
    values = {"relay_domains": str(file), "relay_transport": "relay", "transport_maps": "inline:{x=y}", **ALL_ADDRESSES}
    host = present(
        {"relay_domains": str(file)}, values, ask=lambda _table, key: "relay:[x]" if key == "dept.test" else ""
    )
    assert [finding.reason.split()[1] for finding in look(host, relay(), Wishes()) if finding.verdict == REFUSED] == [
        "other.test"
    ]


def test_a_password_in_a_parameter_is_not_shown():
    explicit = {"smtp_sasl_password_maps": "inline:{ {$relayhost = user:s3cret} }"}
    found = look(present(explicit), relay(), Wishes())
    assert [finding.subject for finding in found] == ["smtp_sasl_password_maps"]
    assert "s3cret" not in str(found)


def test_who_asks_for_it_takes_mail_from_this_host_alone():
    assert parameters(present(), relay(), Wishes(loopback_only=True))["inet_interfaces"] == "loopback-only"


@pytest.mark.parametrize(
    "state",
    [
        # The way of all mail, whatever that is
        {"explicit": {"transport_maps": "inline:{x=y}"}, "rows": lambda _table: {"partner.example": ":"}},
        # A domain with a way of its own
        {
            "explicit": {"relay_domains": "dept.test", "transport_maps": "inline:{x=y}"},
            "expanded": {"relay_domains": "dept.test", "relay_transport": "relay"},
            "rows": lambda _table: {"dept.test": ":[inner]"},
            "ask": lambda _table, key: ":[inner]" if key == "dept.test" else "",
        },
        {
            "explicit": {"relay_domains": "a.dept.test", "transport_maps": f"texthash:{__file__}"},
            "expanded": {"relay_domains": "a.dept.test", "relay_transport": "relay"},
            "ask": lambda _table, key: "relay:[inner]" if key == ".dept.test" else "",
        },
        {
            "explicit": {"relay_domains": "dept.test", "transport_maps": f"texthash:{__file__}"},
            "expanded": {"relay_domains": "dept.test", "relay_transport": "relay"},
            "ask": lambda _table, key: "relay:[inner]" if key == "dept.test" else "",
        },
        {
            "explicit": {"relay_domains": "dept.test", "transport_maps": f"regexp:{__file__}"},
            "expanded": {"relay_domains": "dept.test", "relay_transport": "relay"},
            "rows": lambda _table: {r"/@dept\.test$/": "sympa:"},
        },
        {"explicit": {"relay_transport": "ses-relay:$relayhost"}},
        {"services": inet("127.0.0.1:587"), "expanded": {"inet_interfaces": "loopback-only"}},
        {"services": HELPERS},
    ],
)
def test_a_state_that_goes_on_is_not_refused(state):
    assert [finding for finding in look(present(**state), relay(), Wishes()) if finding.verdict == REFUSED] == []


def test_a_domain_without_a_way_is_a_domain_as_any_other():
    """A null sender's mail to relay_domains would go to SES, which no table of senders leads elsewhere."""
    assert parameters(present(**RELAYED), relay(), Wishes())["relay_domains"] == ""
    mixed = {**RELAYED["expanded"], "relay_domains": "dept.test, inner.test", "transport_maps": "inline:{x=y}"}
    host = present(RELAYED["explicit"], mixed, ask=lambda _table, key: "relay:[x]" if key == "inner.test" else "")
    host.explicit["transport_maps"] = "inline:{x=y}"
    assert parameters(host, relay(), Wishes())["relay_domains"] == ["inner.test"]


def test_relay_domains_with_a_transport_of_their_own_stay():
    own = {"relay_domains": "dept.test", "relay_transport": "relay:[inner]"}
    assert "relay_domains" not in parameters(present(own, own), relay(), Wishes())
    piped = {"relay_domains": "lists.test", "relay_transport": "mailman"}
    host = present(piped, piped, services={**HELPERS, ("mailman", "unix"): Service("mailman", "unix", command="pipe")})
    assert "relay_domains" not in parameters(host, relay(), Wishes())
    assert look(host, relay(), Wishes()) == []


@pytest.mark.parametrize(
    ("protocols", "has", "says"),
    [
        ("ipv6", ["IPv4"], "is ipv6, and ses.test has IPv4 addresses alone"),
        ("ipv4", ["IPv6"], "is ipv4, and ses.test has IPv6 addresses alone"),
        ("ipv6", ["IPv4", "IPv6"], ""),
        ("ipv6", ["IPv6"], ""),
        ("ipv6", [], ""),  # DNS did not tell, and the log-in will
        ("all", ["IPv4"], ""),
        ("ipv4, ipv6", ["IPv6"], ""),
    ],
)
def test_a_postfix_of_one_family_has_to_reach_the_endpoint_by_it(protocols, has, says):
    wishes = Wishes(families={"other.test": [], "ses.test": has})
    found = look(present(expanded={"inet_protocols": protocols}), relay(), wishes)
    assert [(one.verdict, one.subject) for one in found] == ([(REFUSED, "inet_protocols")] if says else [])
    assert all(says in str(one) for one in found)


@pytest.mark.parametrize(
    ("services", "taken", "refuses"),
    [
        ({}, False, False),
        ({}, True, True),
        (returning("[::1]:24"), True, False),  # it is ours that listens there
        (inet("[::1]:24"), False, True),
    ],
)
def test_a_server_of_the_hosts_own_where_null_senders_mail_comes_in_is_refused(services, taken, refuses):
    by_ipv6 = present(expanded={"inet_protocols": "ipv6"}, services={**HELPERS, **services})
    found = look(by_ipv6, relay(), Wishes(return_taken=taken))
    assert [(one.verdict, one.subject) for one in found] == ([(REFUSED, "[::1]:24")] if refuses else [])


def test_null_senders_mail_comes_in_by_the_family_that_postfix_has():
    """Postfix ends where master.cf has an address of another family."""
    by_ipv6 = present(expanded={"inet_protocols": "ipv6"}, services=returning("127.0.0.25:24"))
    terms = in_postfix(relay(), by_ipv6)
    assert terms.return_service == "[::1]:24"
    assert {"name": "127.0.0.25:24", "type": "inet", "state": "absent"} in terms.services
    (routes,) = [table for table in terms.tables if table["name"] == "ses_sender_transport"]
    assert routes["entries"]["/^<>$/"] == "ses-bounce:[::1]:24"
    again = in_postfix(relay(), present(services=returning("[::1]:24")))
    assert again.return_service == "127.0.0.25:24"
    assert {"name": "[::1]:24", "type": "inet", "state": "absent"} in again.services
    assert services_left(present(services=returning("127.0.0.25:24"))) == []
    assert services_left(present(services=inet("[::1]:24"))) == []  # the host's own stays
    choice = choose(relay(), None, PASSWORD, "/etc/ssl/ca.pem", [])
    services = wanted(relay(), terms, choice, SYSTEMS["Debian 13"].postfix)["services"]
    (service,) = [one for one in services if one["name"] == "[::1]:24"]
    assert service["options"]["mynetworks"] == ["[::1]/128"]
    (client,) = [one for one in services if one["name"] == "ses-bounce"]
    assert (client["options"]["smtp_bind_address"], client["options"]["smtp_bind_address6"]) == ("", "::1")
    values = parameters(present({"master_service_disable": "inet"}, {"inet_protocols": "ipv6"}), relay(), Wishes())
    assert values["master_service_disable"] == ["![::1]:24/inet", "inet"]


def test_the_service_for_null_senders_runs_where_others_of_its_kind_do_not():
    ours = "!127.0.0.25:24/inet"
    for disabled in ("inet", f"{ours}, inet"):
        values = parameters(present({"master_service_disable": disabled}), relay(), Wishes())
        assert values["master_service_disable"] == [ours, "inet"]


@pytest.mark.parametrize(
    ("classes", "counts"), [("", True), ("envelope_sender, header_sender", True), ("envelope_recipient", False)]
)
def test_canonical_maps_count_for_senders_as_far_as_the_host_says(classes, counts):
    explicit = {"canonical_maps": TABLE, **({"canonical_classes": classes} if classes else {})}
    values = parameters(present(explicit), relay(), Wishes())["sender_canonical_maps"]
    assert values == [*(["$canonical_maps"] if counts else []), "texthash:/etc/postfix/ses_senders"]


def test_canonical_maps_that_went_are_named_no_more():
    explicit = {"sender_canonical_maps": "$canonical_maps, texthash:/etc/postfix/ses_senders"}
    values = parameters(present(explicit), relay(), Wishes())["sender_canonical_maps"]
    assert values == ["texthash:/etc/postfix/ses_senders"]
    again = {**explicit, "canonical_maps": TABLE}
    values = parameters(present(again), relay(), Wishes())["sender_canonical_maps"]
    assert values == ["$canonical_maps", "texthash:/etc/postfix/ses_senders"]


def test_postfixs_own_name_of_the_host_is_one_of_the_hosts():
    assert names(present(expanded={"myhostname": "mail.other.test"})) == ["mail.other.test"]
    assert names(present(expanded={"myhostname": "one-label"})) == []
    assert names(None) == []


def test_what_the_first_release_wrote_goes_and_what_the_host_has_stays():
    host = present(
        {**FIRST_RELEASE, "smtp_destination_concurrency_limit": "2 # slow"},
        {"relay_domains": "ses-bounce.invalid", "relay_transport": "ses-mailbox"},
    )
    values = parameters(host, relay(), Wishes())
    assert values["sender_dependent_default_transport_maps"] == ["regexp:/etc/postfix/ses_sender_transport"]
    gone = {"relay_domains", "relay_transport", "smtp_sasl_auth_enable", "smtp_sasl_password_maps"}
    assert {name for name, value in values.items() if value is None} == gone
    assert values["smtp_tls_security_level"] == "may"
    assert "smtp_tls_CAfile" not in values
    assert [table["name"] for table in tables_left(host)] == ["sasl_passwd"]
    assert [service["name"] for service in services_left(host)] == ["127.0.0.25:25"]


def test_a_table_with_a_source_is_the_hosts():
    host = present(FIRST_RELEASE, rows=lambda _table: {"[hub]": "user:password"})
    assert "smtp_sasl_password_maps" not in parameters(host, relay(), Wishes())
    assert tables_left(host) == []


def test_nothing_goes_where_the_first_release_was_not():
    host = present({name: value for name, value in FIRST_RELEASE.items() if "default_transport" not in name})
    assert "smtp_sasl_auth_enable" not in parameters(host, relay(), Wishes())
    assert tables_left(host) == services_left(host) == tables_left(None) == services_left(None) == []


def test_rows_of_the_host_with_a_user_alone_count_before_the_masquerade_domain():
    for explicit in (TABLE, f"{TABLE}, regexp:/etc/postfix/ses_senders", f"{TABLE}, texthash:/etc/postfix/ses_senders"):
        values = parameters(present({"sender_canonical_maps": explicit}), relay(), Wishes())
        assert values["sender_canonical_maps"] == [TABLE, "texthash:/etc/postfix/ses_senders"]
