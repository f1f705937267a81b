# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever value a variable of a role has: what the role writes is what was meant, or one sentence names the variable.

From the argument spec over the judgement of the variables and the relay's settings to the texts of the MTA's files, as
on a host without an MTA. `pytest --hypothesis-profile=many` on this file tries 10,000 sets of values for each role.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import Packages
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import SYSTEMS
from ansible_collections.mailops.ses.plugins.module_utils._postfix import configure as postfix_configure
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix.relay import in_postfix
from ansible_collections.mailops.ses.plugins.module_utils._relay.choice import choose
from ansible_collections.mailops.ses.plugins.module_utils._relay.definitions import DEFAULTS, RANGES
from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import (
    FURTHER,
    PLAIN,
    Form,
    FormError,
    apart,
    secrets_of,
)
from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import SECRETS as ENTRY_SECRETS
from ansible_collections.mailops.ses.plugins.module_utils._relay.identities import IDENTITIES
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import describe, further
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import credential_faults, region_meant
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import asked_for
from ansible_collections.mailops.ses.plugins.module_utils._role.log_in import password_of, trust_anchors
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import Plan, judged
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import configure as sendmail_configure
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mc
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.relay import for_sendmail, in_sendmail
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import MARKS
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from relay_variables import GOOD, SECRET
from testbed.engine import ROOT

tried = settings(max_examples=max(300, settings().max_examples))
ROLE = ROOT / "roles" / "internal_relay"


def load(path: str) -> Any:
    """A file of the role."""
    return yaml.safe_load((ROLE / path).read_text())


OPTIONS = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
PASSED = load("vars/main.yml")["__ses_variables"]
SECRETS = ("ses_smtp_password", "ses_secret_access_key")
SYSTEM = SYSTEMS["Debian 12"]
USERS = {
    **load("defaults/main.yml"),
    **{name: GOOD[name] for name in GOOD if name in OPTIONS},
}
NAMES = ["web1.corp.test"]
WORDS = [
    "dnl",
    "divert",
    "sysval",
    "define",
    "include",
    "len",
    "index",
    "changequote",
    "SMART_HOST",
    "MAILER",
    "FEATURE",
]
NASTY = [
    "\n",
    "\r\n",
    "\x00",
    "\x0b",
    "\u2028",
    "\x85",
    " ",
    "\t",
    "`",
    "'",
    '"',
    "#",
    "$",
    "${x}",
    "{{ 7 }}",
    "\\",
    "|",
]
NASTY += ["é", "\U0001f600", "٣", "{", "}", ",", ";", "=", ":", "\nrelayhost = evil", "\nR$*\t$#error", *MARKS]
# What is right for a variable, to begin with, beyond what its definition tells.
RIGHT: dict[str, list[Any]] = {
    "ses_region": ["us-east-1", "eu-central-1", "us-gov-west-1"],
    "ses_endpoint": ["smtp.example.com", *(f"smtp.{word}.example.com" for word in WORDS if "_" not in word)],
    "ses_port": ["587", 587, "auto", 25, "2587", "465"],
    "ses_smtp_username": ["AKIAIOSFODNN7EXAMPLE", "587", "inp-0123456789", 587],
    "ses_smtp_password": ["sendmail", "us-east-1", "/etc/mail", "{{ x }}$(id)", "a *` dnl P", "587 587 587"],
    "ses_secret_access_key": [SECRET, "example", None],
    "ses_masquerade_domain": ["example.com", "dnl.com", "DOMAIN.example.com", "divert.com"],
    "ses_sender": ["noreply@example.com", "dnl@divert.com", "a#b@example.com", "$x@example.com"],
    "ses_configuration_set": ["set-1", "dnl", 2024, "_"],
    "ses_headers": [
        {"X-SES-TENANT": "dnl"},
        {"x-ses-message-tags": "dnl=define, a=b@c.d", "X-SES-TENANT": 2024},
        {"X-SES-SOURCE-ARN": "arn:aws:ses:us-east-1:123456789012:identity/len.com"},
        {"X-SES-LIST-MANAGEMENT-OPTIONS": "dnl; topic=index"},
        "X-SES-TENANT=acme",
    ],
    "ses_bounce_recipient": ["root", "ops@example.com", "dnl", "dnl@len.com"],
    "ses_hostname_fix": ["no", 0],
    "ses_hostname_aliases": [["a.test", "dnl.test"], "a.test,b.test", [], "a.test"],
    "ses_connection_max_messages": ["50"],
    "ses_connection_max_seconds": [" 60 "],
    "ses_max_connections": ["7", 7.0],
    "ses_max_rate": [14, "2.5", 0.5, " 7 ", 1],
    "ses_tls_ca_file": ["/etc/ssl/ca.pem", "/etc/dnl/include.pem", "/a+b@c:d"],
    "ses_loopback_only": ["false"],
    "ses_replace_mta": ["no"],
    "ses_replace_mta_timeout": ["300"],
    "ses_probe_recipient": ["success@simulator.amazonses.com", ""],
    "ses_fallback": [
        [{"region": "eu-west-1", "smtp_password": "dnl us-east-1"}],
        [{"region": "eu-west-1", "secret_access_key": SECRET, "smtp_username": "AKIAI44QH8DHBEXAMPLE", "port": 25}],
        [{"endpoint": "smtp.dnl.example.org", "smtp_password": "a*`dnlPdivert"}, {"port": 2587}],
        [{"region": "us-east-1", "endpoint": "email-smtp-fips.us-east-1.amazonaws.com"}],
    ],
    "ses_metrics_dir": ["/var/lib/prometheus/node-exporter", ""],
    "ses_identities": [
        [
            {
                "sender": "brand.example.org",
                "region": "eu-west-1",
                "smtp_username": "dnl",
                "smtp_password": "dnl us-east-1",
            }
        ],
        [{"sender": "dnl@len.com", "secret_access_key": SECRET, "configuration_set": "index"}],
        [
            {"sender": "a#b@example.com"},
            {"sender": "include.com", "endpoint": "smtp.dnl.test", "smtp_password": "a*`dnlPd"},
        ],
    ],
    "ses_verify": ["false"],
}


ENTRIES = ("ses_fallback", "ses_identities")


def right(name: str) -> list[Any]:
    """Values of a variable that are right, those that its definition tells among them."""
    option = OPTIONS[name]
    told = [option.get("default"), *option.get("choices", ()), *RANGES.get(name, ())]
    return [*told, *([True, False] if option["type"] == "bool" else ()), *RIGHT.get(name, ())]


# What a YAML file or `-e` can hold.
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(), st.text(max_size=40), st.sampled_from(NASTY)
)
ANYTHING = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.text(max_size=5), SCALARS, max_size=2),
    st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=40),
    st.sampled_from([*WORDS, "x" * 5000, "9" * 5000, 10**300, "a." * 200 + "test"]),
)


@st.composite
def near(draw: st.DrawFn, right: list[Any]) -> Any:
    """What is right, or is but for something in it."""
    value = draw(st.sampled_from(right))
    if isinstance(value, dict) and value and draw(st.booleans()):
        name, text = draw(st.sampled_from(sorted(value.items(), key=str)))
        other = draw(near([str(text), str(name)]))
        return {**value, name: other} if draw(st.booleans()) else {**value, other: text}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        key = draw(st.sampled_from([*PLAIN, *IDENTITIES.plain, *ENTRY_SECRETS, "smtp_pasword"]))
        return [{**value[0], key: draw(st.one_of(ANYTHING, st.sampled_from([*value[0].values()])))}, *value[1:]]
    if isinstance(value, str) and draw(st.booleans()):
        place, put = draw(st.integers(0, len(value))), draw(st.sampled_from([*NASTY, *WORDS]))
        return value[:place] + put + value[place:]
    return value


@st.composite
def variables(draw: st.DrawFn) -> dict[str, Any]:
    """Some of the variables with values that a user may give them."""
    names = draw(st.lists(st.sampled_from(sorted(OPTIONS)), min_size=1, max_size=3, unique=True))
    return {name: draw(st.one_of(st.sampled_from(right(name)), near(right(name)), ANYTHING)) for name in names}


def told(users: dict[str, Any]) -> list[str]:
    """What the argument spec says, as ansible-core reads it before the role's first task."""
    return list(ArgumentSpecValidator(OPTIONS).validate(users).error_messages)


def planned(users: dict[str, Any], mta: str) -> tuple[Plan | None, list[str]]:
    """The plan of what the role hands over, or its faults."""
    secrets = {name: users[name] for name in SECRETS}
    passed = json.loads(json.dumps({name: users[name] for name in PASSED}))
    try:
        entries, _own, faults = apart(users["ses_fallback"])
        senders, _own, more = apart(users["ses_identities"], IDENTITIES)
    except FormError as fault:
        return None, [str(fault)]
    credentials = {**credential_faults(secrets), **faults, **more}
    known, found = judged(passed, credentials, mta, NAMES, entries, identities=senders)
    if found:
        return None, found
    relay = describe(known, NAMES, None, [further(way, None) for way in known["ses_fallback"]])
    relay, terms = (relay, in_postfix) if mta == "postfix" else (for_sendmail(relay), in_sendmail)
    return Plan(mta, known, relay, terms(relay), Packages(frozenset(), frozenset()), []), []


def request(plan: Plan, users: dict[str, Any], directory: str) -> Any:
    """What the role asks of the MTA's own code, which finds no fault in it."""
    secrets = {name: users[name] or None for name in SECRETS}
    ca_file = trust_anchors(plan.variables, SYSTEM.family.ca_bundle)

    def passwords(name: str, form: Form) -> list[str]:
        ways = zip(plan.variables[name], apart(users[name], form)[1], strict=True)
        return [password_of(secrets_of(way, given, plan.variables, secrets), region_meant(way)) for way, given in ways]

    choice = choose(
        plan.relay,
        None,
        password_of(secrets, plan.relay.region),
        ca_file,
        passwords("ses_fallback", FURTHER),
        identity_passwords=passwords("ses_identities", IDENTITIES),
    )
    there = SYSTEM.of(plan.mta)
    if plan.mta == "sendmail":
        there = replace(there, settings_file=f"{directory}/settings")
    arguments = part_of(plan.mta).wanted(plan.relay, plan.terms, choice, there)
    return arguments, replace(asked_for(plan, choice, there), directory=directory)


def provoked(test: Any) -> Any:
    """What was once written as something else, or was no sentence, is tried each time."""
    infinity, names = float("inf"), ("ses_max_connections", "ses_max_rate", "ses_hostname_aliases")
    cases = [{name: value} for name in names for value in (True, infinity, -infinity, float("nan"), [True], {})]
    cases += [
        {"ses_smtp_password": value} for value in ("587", "example", "true", 587, True, [1], {}, None, 0, infinity)
    ]
    cases += [{"ses_endpoint": f"smtp.{word}.example.com"} for word in ("dnl", "divert", "sysval", "changequote")]
    cases += [{"ses_masquerade_domain": "divert.com"}, {"ses_tls_ca_file": "/etc/dnl/x"}, {"ses_sender": "dnl@len.com"}]
    others = [None, "eu-west-1", {"region": "eu-west-1"}, ["eu-west-1"], [{}], [{"region": "eu-west-1", "key": "x"}]]
    cases += [{name: value} for name in ENTRIES for value in (*others, *RIGHT[name])]
    cases += [{"ses_max_connections": 1000, "ses_max_rate": 500.0}, {"ses_headers": "\rX-SES-TENANT=0"}]
    for case in cases:
        test = example(changed=case)(test)
    return test


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A directory of a host without an MTA."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(f"{postfix_configure.Postfix.__module__}.SEARCH_PATH", "/nonexistent")
        patched.setattr(sendmail_configure.tools, "installed", lambda: False)
        yield str(tmp_path_factory.mktemp("bare"))


def texts(configure: Any, asked: Any, directory: str) -> dict[str, str]:
    """The files that the module would write, by their names; secrets are masked."""
    result = configure(asked, True, f"{directory}/scratch")
    return {item["after_header"].rpartition("/")[2]: item["after"] for item in result["diff"] if "after" in item}


def named(sentences: list[str], changed: dict[str, Any]) -> None:
    """Each is one sentence that names a variable first, on one line."""
    for sentence in sentences:
        assert sentence.startswith(tuple(changed)), sentence
        assert "\n" not in sentence
        assert len(sentence) < 400


def meant(mta: str, changed: dict[str, Any]) -> tuple[dict[str, Any], Plan] | None:
    """The variables and the plan, or None where a sentence says why there is none."""
    users = {**USERS, **changed}
    said = told(users)
    plan, found = (None, []) if said else planned(users, mta)
    assert all(any(name in sentence for name in changed) for sentence in said), said  # Ansible's words
    named(found, changed)
    event("refused by the argument spec" if said else "refused by the role" if found else "written")
    return (users, plan) if plan else None


# Where the table of the credentials is named.
PASSWORDS = ("ses_relay_password_maps", "smtp_sasl_password_maps")


def plain(name: str) -> str:
    """A service's name, or a parameter of its own, without a generation's number."""
    return re.sub(r"\b(ses-[a-z]+\d*)-\d+", r"\1", name)


@provoked
@tried
@given(variables())
def test_postfix_gets_what_was_meant_or_a_sentence_names_the_variable(bare, changed):
    found = meant("postfix", changed)
    if not found:
        return
    users, plan = found
    arguments, asked = request(plan, users, bare)
    written = texts(postfix_configure.configure, asked, bare)
    main = main_cf.LogicalFile(written["main.cf"]).entries
    wanted = {**arguments["parameters"], **arguments["optional_parameters"]}
    wanted = {name: main_cf.to_value(value) for name, value in wanted.items() if value is not None}
    held = dict(filter(None, map(main_cf.definition, main)))
    assert {name: held[name] for name in wanted} == wanted
    assert {plain(name) for name in held} <= {*wanted, *PASSWORDS}
    assert len(main) == len(held) == written["main.cf"].count("\n")
    assert held["relayhost"] == f"[{plan.relay.endpoint}]:{plan.relay.ports[0]}"
    assert held["ses-relay_destination_concurrency_limit"] == connections(users, 1 + len(plan.relay.identities), HEARD)
    if users["ses_configuration_set"]:
        assert f"PREPEND X-SES-CONFIGURATION-SET: {users['ses_configuration_set']}\n" in written["ses_headers"]
    for name, value in headers(users).items():
        assert f"PREPEND {name}: {value}\n" in written["ses_headers"]
    services = master_cf.services(written["master.cf"])
    assert (("ses-pace", "unix") in services) == (users["ses_max_rate"] not in (None, ""))
    options = {
        one["name"]: {name: main_cf.to_value(value) for name, value in (one.get("options") or {}).items()}
        for one in arguments["services"]
        if one.get("state") != "absent"
    }
    assert {plain(name) for name, _type in services} == set(options)
    assert len(master_cf.LogicalFile(written["master.cf"]).entries) == len(services)
    for (name, _type), one in services.items():
        set_there = {option: plain(value) for option, value in one.options.items() if option not in PASSWORDS}
        assert set_there == {key: value for key, value in options[plain(name)].items() if key not in PASSWORDS}
    for table in arguments["tables"]:
        entries = table.get("entries") or {}
        lines = written.get(table["name"], "").splitlines()
        assert [line for line in lines if not line.startswith("(")] == [
            f"{key} {value}" for key, value in entries.items()
        ] or ("secret_entries" in table)
    secret, *others = (table["secret_entries"] for table in arguments["tables"] if "secret_entries" in table)
    password = users["ses_smtp_password"]
    firsts = {secret[key] for key in plan.terms.credential_keys}
    assert firsts == {f"{users['ses_smtp_username']}:{password}"} or not password
    assert set(of_others(plan)) <= set(secret)
    # Each identity's client has its own log-in and no other, and a row leads its senders to it.
    assert [{*rows.values()} for rows in others] == [{f"{name}:{given}"} for name, given in of_identities(plan, users)]
    assert [row.split()[0] for row in written.get("ses_identities", "").splitlines()] == [
        f"/{'^' if '@' in sender else '@'}{re.escape(sender)}$/"
        for sender in sorted((one.sender for one in plan.relay.identities), key=lambda sender: "@" not in sender)
    ]


def of_identities(plan: Plan, users: dict[str, Any]) -> list[tuple[str, str]]:
    """The user and the password of each identity."""
    secrets = {name: users[name] or None for name in SECRETS}
    ways = zip(plan.variables["ses_identities"], apart(users["ses_identities"], IDENTITIES)[1], strict=True)
    own = [password_of(secrets_of(way, given, plan.variables, secrets), region_meant(way)) for way, given in ways]
    return [(one.username, password) for one, password in zip(plan.relay.identities, own, strict=True)]


def of_others(plan: Plan) -> dict[str, None]:
    """The further ways' endpoints, in their order."""
    return {way.endpoint: None for way in plan.relay.fallback}


HEARD = 100  # that wait for Postfix's service at once: its master has so many processes of a kind


def connections(users: dict[str, Any], clients: int = 1, heard: float = float("inf")) -> str:
    """How many are meant: none that is given means the default, and a rate needs no more than four for each message,
    of those that are HEARD, which CLIENTS share."""
    meant, rate = users["ses_max_connections"], users["ses_max_rate"]
    most = int(float(DEFAULTS["ses_max_connections"] if meant in (None, "") else meant))
    return str(most if rate in (None, "") else max(1, min(most, int(min(float(rate) * 4, heard) / clients))))


def headers(users: dict[str, Any]) -> dict[str, Any]:
    """Those of SES's that are meant."""
    given = users["ses_headers"] or {}
    pairs = [given.split("=", 1)] if isinstance(given, str) else given.items()
    return {name.strip().upper(): value for name, value in pairs}


# What m4 reads before and after the block, in place of the distribution's files, as tests of _sendmail/mc have it.
CF = r"""changequote`'divert(-1)
define(`MASQUERADE_AS', `define(`MASQUERADE_NAME', $1)')
define(`LOCAL_DOMAIN', `divert(1)C{w}$1
divert(0)')
define(`MASQUERADE_DOMAIN', `divert(1)C{M}$1
divert(0)')
define(`FEATURE', `')
define(`QUEUE_GROUP', `')
define(`_DPO_', `')
define(`DAEMON_OPTIONS', `define(`_DPO_', defn(`_DPO_')
O DaemonPortOptions=`$1')')
define(`LOCAL_CONFIG', `divert(2)')
define(`LOCAL_RULE_0', `divert(3)')
define(`LOCAL_RULE_1', `divert(4)')
define(`LOCAL_RULESETS', `divert(5)')
divert(0)dnl
"""
WRITTEN = r"""divert(0)dnl
DS`'SMART_HOST
DM`'ifdef(`MASQUERADE_NAME', `MASQUERADE_NAME')
O CACertFile=`'confCACERT
divert(6)dnl
"""


@provoked
@tried
@given(variables())
def test_sendmail_gets_what_was_meant_or_a_sentence_names_the_variable(bare, changed):
    found = meant("sendmail", changed)
    if not found:
        return
    users, plan = found
    arguments, asked = request(plan, users, bare)
    written = texts(sendmail_configure.configure, asked, bare)
    block = written["sendmail.mc"].removesuffix("MAILER_DEFINITIONS\n")
    assert block == mc.block(asked.lines, "dnl #")
    assert block.count("\n") == len(asked.lines) + 2
    if shutil.which("m4"):
        done = subprocess.run(["m4"], input=CF + block + WRITTEN, capture_output=True, text=True, check=True)
        macros = {**{name: [] for name in ("MASQUERADE_AS", "MASQUERADE_DOMAIN")}, **arguments["macros"]}
        rules = [item for name in mc.SECTIONS for item in arguments["sections"].get(name, [])]
        assert [line for line in done.stdout.split("\n") if line] == [
            f"DS{arguments['defines']['SMART_HOST']}",
            f"DM{''.join(macros['MASQUERADE_AS'])}",
            f"O CACertFile={arguments['defines']['confCACERT']}",
            *(f"C{{w}}{name}" for name in macros["LOCAL_DOMAIN"]),
            *(f"C{{M}}{name}" for name in macros["MASQUERADE_DOMAIN"]),
            *(f"R{item[0]}\t{item[1]}" if isinstance(item, list) else item for item in rules),
        ]
        assert done.stderr == ""
    assert str(arguments["defines"]["confMAX_QUEUE_CHILDREN"]) == connections(users)
    if users["ses_configuration_set"]:
        assert f"X-SES-CONFIGURATION-SET: {users['ses_configuration_set']}'\n" in block
    for name, value in headers(users).items():
        assert f"?{name}: {value}'\n" in block
    assert arguments["defines"]["SMART_HOST"] == ":".join(["ses_relay", plan.relay.endpoint, *of_others(plan)])
    (secret,) = (table["secret_entries"] for table in arguments["tables"] if "secret_entries" in table)
    name, password = users["ses_smtp_username"], users["ses_smtp_password"]
    firsts = {secret[key] for key in plan.terms.credential_keys}
    assert firsts == {f'"U:root" "I:{name}" "P:{password}" "M:LOGIN PLAIN"'} or not password
    assert {f"AuthInfo:{key}" for key in of_others(plan)} <= set(secret)
    for number, (user, key) in enumerate(of_identities(plan, users), start=1):
        assert secret[f"AuthInfo:ses_identity{number}"] == f'"U:root" "I:{user}" "P:{key}" "M:LOGIN PLAIN"'
        server = plan.relay.identities[number - 1].endpoint
        assert re.search(rf"^`Mses_identity{number}, .*A=TCP {re.escape(server)} \d+'$", block, re.MULTILINE)
    access = {table["name"]: table.get("entries") or {} for table in arguments["tables"]}
    assert len(re.findall(r"^[^#\n]", written.get("access", ""), re.MULTILINE)) == len(access["access"])


def test_every_variable_has_right_values():
    assert set(RIGHT) <= set(OPTIONS)
    assert [name for name in OPTIONS if not any(value is not None for value in right(name))] == []
