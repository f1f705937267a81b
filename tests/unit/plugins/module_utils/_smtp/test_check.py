# SPDX-License-Identifier: GPL-3.0-or-later
"""The check against the simulator of SES and against servers that are none."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS
from ansible_collections.mailops.ses.plugins.module_utils._smtp import witness
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check, summary, union
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net, connect
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import Resolved, resolve
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import Credentials
from ansible_collections.mailops.ses.plugins.module_utils._smtp.tls import verifying_context
from causes import provokes
from ses_simulator import Simulator
from simulated import simulated
from smtp_servers import CLOSED, NAME, net, outcome

CREDENTIALS = Credentials("AKIAEXAMPLE", "SES+pass/word")
WHOLE = {"credentials": CREDENTIALS, "sender": "web@corp.example", "recipient": "you@there.example", "message": "Hello"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), {CREDENTIALS.username: CREDENTIALS.password}) as simulator:
        yield simulator


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    simulator.wait(closed=simulator.counters()["total"])  # reset forgets only what has ended
    simulator.reset()
    return simulator


def job(sim: Simulator, **values: Any) -> Request:
    given = {"endpoint": NAME, "ports": list(PORTS), "context": verifying_context(sim.ca_file), "timeout": 10, **values}
    return Request(region="us-east-1", client_name="web1", **given)


def test_the_whole_dialogue_on_all_ports(sim: Simulator) -> None:
    report = check(job(sim, **WHOLE), net(sim.ports))
    assert outcome(report) == [(port, "data", []) for port in PORTS]
    assert report["reachable"]
    assert report["recommended_port"] == 587
    assert report["endpoint"] == NAME
    assert report["canonical_name"] == "lb.example"
    assert report["addresses"] == ["127.0.0.1"]
    assert report["diagnosis"] == []
    stages = {"resolve", "connect", "banner", "ehlo", "tls", "auth", "sender", "recipient", "data"}
    for port in report["ports"]:
        assert set(port) == {
            *("port", "tls", "ok", "stage", "timings_ms", "tls_version", "tls_cipher", "certificate"),
            *("auth_mechanisms", "path_mtu", "reply", "diagnosis"),
        }
        assert port["ok"]
        assert set(port["timings_ms"]) == stages
        assert port["tls"] == PORTS[port["port"]]
        assert port["tls_version"] == "TLSv1.3"
        assert port["tls_cipher"]
        assert port["certificate"]["verified"]
        assert NAME in port["certificate"]["names"]
        assert port["auth_mechanisms"] == ["PLAIN", "LOGIN"]
        assert port["path_mtu"] > 1000
        assert port["reply"]["code"] == 250
        assert port["reply"]["text"].startswith("Ok ")
    assert sim.wait(closed=5)
    sessions = sim.sessions()
    assert len(sessions) == len(sim.messages()) == 5
    assert {session["end"] for session in sessions} == {"quit"}
    assert {session["auth_mechanism"] for session in sessions} == {"PLAIN"}
    assert not any(session["auth_in_clear"] for session in sessions)
    assert {session["client_name"] for session in sessions} == {"web1"}


@pytest.mark.parametrize(
    ("asked", "stages"),
    [
        ({}, ["tls", "ehlo"]),
        ({"credentials": CREDENTIALS}, ["auth", "auth"]),
        ({**WHOLE, "message": None, "recipient": None}, ["sender", "sender"]),
        ({**WHOLE, "message": None}, ["recipient", "recipient"]),
    ],
)
def test_it_goes_as_far_as_it_is_asked_to(sim: Simulator, asked: dict[str, Any], stages: list[str]) -> None:
    report = check(job(sim, ports=[25, 465], **asked), net(sim.ports))
    assert outcome(report) == [(25, stages[0], []), (465, stages[1], [])]
    assert report["recommended_port"] == 465
    assert sim.wait(closed=2)
    assert sim.messages() == []
    assert {session["end"] for session in sim.sessions()} == {"quit"}


@pytest.mark.parametrize(
    ("fault", "stages", "cause"),
    [
        ({"refuse": True}, ["resolve"] * 2, "port_refused"),
        ({"stage": "banner", "drop": True}, ["connect", "tls"], "connection_lost"),
        ({"stage": "ehlo", "drop": "reset"}, ["banner", "banner"], "connection_lost"),
        ({"stage": "banner", "garbage": True}, ["connect", "tls"], "not_smtp"),
        ({"stage": "banner", "endless": "line"}, ["connect", "tls"], "not_smtp"),
        (
            {"stage": "banner", "reply": "421 Too many concurrent SMTP connections"},
            ["connect", "tls"],
            "too_many_connections",
        ),
        ({"no_starttls": True, "ports": [587]}, ["ehlo", "data"], "starttls_not_offered"),
        ({"stage": "starttls", "reply": "454 TLS not available", "ports": [587]}, ["ehlo", "data"], "starttls_refused"),
        ({"stage": "tls", "drop": True}, ["ehlo", "connect"], "connection_lost"),
        ({"tls_max": "TLSv1.1"}, ["ehlo", "connect"], "tls_too_old"),
        ({"certificate": "expired"}, ["ehlo", "connect"], "certificate_expired"),
        ({"certificate": "not_yet_valid"}, ["ehlo", "connect"], "certificate_not_yet_valid"),
        ({"certificate": "other_name"}, ["ehlo", "connect"], "certificate_other_name"),
        ({"certificate": "untrusted"}, ["ehlo", "connect"], "certificate_untrusted"),
        ({"stage": "auth", "reply": "535 Authentication Credentials Invalid"}, ["tls", "ehlo"], "credentials_invalid"),
        ({"stage": "auth", "reply": "535 Account not subscribed to SES"}, ["tls", "ehlo"], "account_not_subscribed"),
        ({"stage": "mail", "reply": "501 Invalid MAIL FROM address provided"}, ["auth"] * 2, "sender_invalid"),
        ({"stage": "rcpt", "reply": "553 <you@there.example> address unknown"}, ["sender"] * 2, "recipient_invalid"),
        ({"stage": "data", "drop": True}, ["recipient"] * 2, "connection_lost"),
        (
            {"stage": "eod", "reply": "454 Throttling failure: Maximum sending rate exceeded."},
            ["recipient"] * 2,
            "rate_exceeded",
        ),
    ],
)
def test_a_fault_ends_at_its_stage_with_its_cause(
    sim: Simulator, fault: dict[str, Any], stages: list[str], cause: str
) -> None:
    sim.fault(**fault)
    report = check(job(sim, ports=[587, 465], **WHOLE), net(sim.ports))
    failed = [port for port in report["ports"] if not port["ok"]]
    assert [port["stage"] for port in report["ports"]] == stages
    assert {d["id"] for port in failed for d in port["diagnosis"]} == {cause}
    assert report["diagnosis"]
    assert report["recommended_port"] == (None if len(failed) == 2 else 465)
    assert CREDENTIALS.password not in str(report)


def test_wrong_credentials_are_told_as_such(sim: Simulator) -> None:
    wrong = Credentials(CREDENTIALS.username, "another")
    report = check(job(sim, ports=[587], credentials=wrong), net(sim.ports))
    assert outcome(report) == [(587, "tls", ["credentials_invalid"])]
    assert report["ports"][0]["reply"] == {"code": 535, "text": "Authentication Credentials Invalid"}
    assert sim.wait(closed=1)
    assert sim.sessions()[0]["end"] == "quit"


def test_a_sender_without_credentials(sim: Simulator) -> None:
    report = check(job(sim, ports=[587], sender="web@corp.example"), net(sim.ports))
    assert outcome(report) == [(587, "tls", ["authentication_required"])]


def test_an_identity_that_is_not_verified(sim: Simulator) -> None:
    sim.identities(verified=["other.example"])
    report = check(job(sim, ports=[587], **WHOLE), net(sim.ports))
    assert outcome(report) == [(587, "recipient", ["identity_not_verified"])]
    assert "web@corp.example" in report["diagnosis"][0]["cause"]
    assert "us-east-1" in report["diagnosis"][0]["cause"].lower()


@pytest.mark.parametrize("certificate", ["expired", "not_yet_valid", "other_name", "untrusted"])
def test_nothing_is_sent_over_tls_that_is_not_verified(sim: Simulator, certificate: str) -> None:
    sim.fault(certificate=certificate)
    report = check(job(sim, ports=[587, 465], **WHOLE), net(sim.ports))
    assert sim.wait(closed=4)
    for session in sim.sessions():
        commands = [command for command, _reply in session["commands"]]
        assert commands == ([] if session["port"] == 465 else ["EHLO web1", "STARTTLS"])
        assert session["user"] is None
    for port in report["ports"]:
        assert port["certificate"]["verified"] is False
        assert port["certificate"]["names"]
        assert port["tls_version"] is None


def test_the_names_of_a_wrong_certificate_are_told(sim: Simulator) -> None:
    sim.fault(certificate="other_name")
    report = check(job(sim, ports=[465]), net(sim.ports))
    assert f"for other names than {NAME}: smtp.example.net." in report["diagnosis"][0]["cause"]


@pytest.mark.parametrize(
    "fault", [{"stage": "ehlo", "split": "bytes"}, {"stage": "banner", "split": "bytes"}, {"auth_last": True}]
)
def test_forms_of_replies(sim: Simulator, fault: dict[str, Any]) -> None:
    sim.fault(**fault)
    assert outcome(check(job(sim, ports=[587, 465], **WHOLE), net(sim.ports))) == [(587, "data", []), (465, "data", [])]


def test_login_where_only_login_is_offered(sim: Simulator) -> None:
    sim.fault(stage="ehlo", reply="250-mail\r\n250-STARTTLS\r\n250 auth=login")
    assert outcome(check(job(sim, ports=[587], **WHOLE), net(sim.ports))) == [(587, "data", [])]
    assert sim.sessions()[0]["auth_mechanism"] == "LOGIN"


def test_all_ports_are_tried_at_the_same_time(sim: Simulator) -> None:
    together = threading.Barrier(5, timeout=30)

    def meet(address: str, port: int, timeout: float) -> socket.socket:
        together.wait()  # passes only when all five are here
        return connect(address, sim.ports[port], timeout)

    assert check(job(sim, timeout=30), net(sim.ports, connect=meet))["reachable"]


@pytest.mark.parametrize(
    ("swallowed", "causes"),
    [
        (list(PORTS), ["egress_firewall"]),
        ([*PORTS, 443], ["all_ports_swallowed"]),
        ([25], ["port_25_swallowed"]),
        ([465], ["port_swallowed"]),
        ([465, 25], ["port_swallowed", "port_25_swallowed"]),
    ],
)
def test_the_ports_that_are_swallowed_say_which_cause(sim: Simulator, swallowed: list[int], causes: list[str]) -> None:
    def swallow(address: str, port: int, timeout: float) -> socket.socket:
        if port in swallowed:
            raise socket.timeout
        return connect(address, sim.ports.get(port, CLOSED), timeout)

    report = check(job(sim), net(sim.ports, connect=swallow))
    assert [port["port"] for port in report["ports"] if not port["ok"]] == [port for port in swallowed if port in PORTS]
    assert [diagnosis["id"] for diagnosis in report["diagnosis"]] == causes


def test_a_port_that_really_swallows_costs_one_time_out(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "_PATIENCE", 0.05)  # a second of this time-out: the rest is the witness's
    sim.fault(swallow=True)
    together = threading.Barrier(len(PORTS), timeout=30)
    asked = threading.Event()
    tried: list[int] = []
    granted: list[float] = []

    def meet(address: str, port: int, timeout: float) -> socket.socket:
        tried.append(port)
        if port not in PORTS:
            asked.set()
            return connect(address, CLOSED, timeout)
        granted.append(timeout)
        together.wait()  # passes only when all are here: they wait at the same time
        try:
            return connect(address, sim.ports[port], 0.5)
        finally:
            asked.wait(timeout)  # passes early only when something else is asked meanwhile

    report = check(job(sim, timeout=20), net(sim.ports, connect=meet))
    assert min(granted) > 10  # each has the time-out as a whole
    assert sorted(port for port in tried if port in PORTS) == sorted(PORTS)  # each once
    assert [diagnosis["id"] for diagnosis in report["diagnosis"]] == ["egress_firewall"]
    assert f"while {NAME}:443 answers" in report["diagnosis"][0]["cause"]
    assert all(port["timings_ms"]["connect"] >= 400 for port in report["ports"])


@pytest.mark.parametrize(
    ("asked", "answering", "cause"),
    [
        ([25], [587, 443], "port_25_swallowed"),
        ([587], [465], "port_swallowed"),
        ([587, 465], [25], "port_swallowed"),
        ([587], [443], "egress_firewall"),
        ([25], [443], "egress_firewall"),
        ([587], [], "all_ports_swallowed"),
    ],
)
def test_the_ports_that_are_left_out_tell_a_port_from_a_firewall(
    sim: Simulator, asked: list[int], answering: list[int], cause: str
) -> None:
    def swallow(address: str, port: int, timeout: float) -> socket.socket:
        if port not in answering:
            raise socket.timeout
        return connect(address, sim.ports.get(port, CLOSED), timeout)

    report = check(job(sim, ports=asked), net({}, connect=swallow))
    assert outcome(report) == [(port, "resolve", [cause]) for port in asked]


def test_the_ports_that_are_left_out_and_refuse_tell_nothing(sim: Simulator) -> None:
    def swallow(address: str, port: int, timeout: float) -> socket.socket:
        if port == 587:
            raise socket.timeout
        return connect(address, CLOSED, timeout)

    assert outcome(check(job(sim, ports=[587]), net({}, connect=swallow))) == [(587, "resolve", ["port_swallowed"])]


def test_a_healthy_port_asks_nothing_of_the_others(sim: Simulator) -> None:
    tried: list[int] = []

    def note(address: str, port: int, timeout: float) -> socket.socket:
        tried.append(port)
        return connect(address, sim.ports[port], timeout)

    assert check(job(sim, ports=[587]), net({}, connect=note))["reachable"]
    assert tried == [587]


def test_the_next_address_is_tried(sim: Simulator) -> None:
    def addresses(_name: str) -> Resolved:
        return Resolved(None, ["::1", "127.0.0.77", "127.0.0.1"])

    report = check(job(sim, ports=[587]), net(sim.ports, resolve=addresses))
    assert report["reachable"]
    assert report["addresses"] == ["::1", "127.0.0.77", "127.0.0.1"]


TWO = ["127.0.0.2", "127.0.0.1"]


def of_two_addresses(sim: Simulator, **silent: list[str]) -> Net:
    """By port (p587, others): the addresses that swallow; the rest of them refuses, or is the simulator's."""

    def dial(address: str, port: int, timeout: float) -> socket.socket:
        if address in silent.get(f"p{port}", silent.get("others", [])):
            raise socket.timeout
        return connect("127.0.0.1", sim.ports.get(port, CLOSED), timeout)

    return net({}, connect=dial, resolve=lambda _name: Resolved(None, TWO))


@pytest.mark.cause("port_refused", "gave no answer in time")
@pytest.mark.parametrize("silent", TWO)
def test_an_address_that_refuses_is_an_answer(sim: Simulator, silent: str) -> None:
    sim.fault(refuse=True)
    report = check(job(sim), of_two_addresses(sim, others=[silent], p443=TWO))
    assert outcome(report) == [(port, "resolve", ["port_refused"]) for port in PORTS]
    refusing = next(address for address in TWO if address != silent)
    assert f"{refusing} refused the connection and {silent} gave no answer" in report["diagnosis"][0]["cause"]
    assert len(report["diagnosis"]) == 1


@pytest.mark.parametrize(
    ("asked", "silent", "cause"),
    [
        ([587], {"others": TWO[:1], "p587": TWO}, "port_swallowed"),  # the ports that are left out answered
        (list(PORTS), {"others": TWO, "p443": TWO[:1]}, "egress_firewall"),  # and so did the witness
    ],
)
def test_the_witness_hears_an_address_that_refuses(
    sim: Simulator, asked: list[int], silent: dict[str, list[str]], cause: str
) -> None:
    sim.fault(refuse=True)
    report = check(job(sim, ports=asked), of_two_addresses(sim, **silent))
    assert outcome(report) == [(port, "resolve", [cause]) for port in asked]


@pytest.mark.cause("address_swallowed")
def test_a_dead_address_among_several_is_told(sim: Simulator) -> None:
    report = check(job(sim), of_two_addresses(sim, p587=TWO[:1], p465=TWO[:1]))
    told = ["address_swallowed"]
    assert {port["port"]: [d["id"] for d in port["diagnosis"]] for port in report["ports"]} == {
        **dict.fromkeys(PORTS, []),
        **{587: told, 465: told},
    }
    assert all(port["ok"] for port in report["ports"])
    assert len(report["diagnosis"]) == 1
    assert f"{TWO[0]} gave no answer in time" in report["diagnosis"][0]["cause"]


def test_a_dead_address_comes_after_what_the_port_failed_of(sim: Simulator) -> None:
    sim.fault(no_starttls=True)
    report = check(job(sim, ports=[587]), of_two_addresses(sim, p587=TWO[:1]))
    assert outcome(report) == [(587, "ehlo", ["starttls_not_offered", "address_swallowed"])]


@pytest.mark.parametrize(
    ("cause", "endpoint", "says"),
    [
        provokes(
            "name_unresolved", "email-smtp.cn-north-1.amazonaws.com.cn", "no SES in its partition aws-cn", says="no SES"
        ),
        provokes("name_unresolved", "email-smtp.eu-central-2.amazonaws.com", "an API in eu-central-2", says="an API"),
        provokes(
            "name_unresolved",
            "email-smtp.eusc-de-east-1.amazonaws.com",
            "is email-smtp.eusc-de-east-1.amazonaws.eu.",
            says="the usual endpoint",
        ),
    ],
)
def test_a_region_or_name_that_has_no_endpoint_is_named(sim: Simulator, cause: str, endpoint: str, says: str) -> None:
    def fail(_name: str) -> Resolved:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    report = check(job(sim, endpoint=endpoint), net({}, resolve=fail))
    (found,) = report["diagnosis"]
    assert found["id"] == cause
    assert endpoint in found["cause"]
    assert says in found["cause"]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name_unresolved"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "dns_unavailable"),
        (UnicodeError("label too long"), "name_unresolved"),
    ],
)
def test_names_that_do_not_resolve(sim: Simulator, error: Exception, cause: str) -> None:
    def fail(_name: str) -> Resolved:
        raise error

    report = check(job(sim), net({}, resolve=fail))
    assert outcome(report) == [(port, None, [cause]) for port in PORTS]
    assert report["canonical_name"] is None
    assert report["addresses"] == []
    assert set(report["ports"][0]["timings_ms"]) == {"resolve"}


@pytest.mark.cause("dns_unavailable", "DNS is too slow")
def test_a_resolver_that_hangs_is_left_behind(sim: Simulator) -> None:
    over = threading.Event()

    def hang(_name: str) -> Resolved:
        over.wait(10)
        return Resolved(None, [])

    report = check(job(sim, timeout=0.2), net({}, resolve=hang))
    assert not over.is_set()
    over.set()
    assert report["diagnosis"][0]["id"] == "dns_unavailable"
    assert "DNS is too slow" in report["diagnosis"][0]["cause"]


def with_slow_names(sim: Simulator, seconds: float, **values: Any) -> Net:
    """Names take so many seconds of the check's clock, and none of the test's: a busy machine adds little to them."""
    taken = [0.0]

    def dawdle(_name: str) -> Resolved:
        taken[0] = seconds
        return Resolved(None, ["127.0.0.1"])

    return net(sim.ports, resolve=dawdle, **values)._replace(clock=lambda: time.monotonic() + taken[0])


@pytest.mark.parametrize(
    ("timeout", "fault", "cause"),
    [
        (4, {"swallow": True}, "dns_unavailable"),
        (4, {"stage": "banner", "silent": True}, "dns_unavailable"),
        (4, {"stage": "tls", "silent": True}, "dns_unavailable"),
        (40, {"refuse": True}, "port_refused"),  # what is left has to do for a refusal, which ends the check
    ],
)
def test_names_that_leave_no_time(sim: Simulator, timeout: float, fault: dict[str, Any], cause: str) -> None:
    sim.fault(**fault)
    report = check(job(sim, timeout=timeout), with_slow_names(sim, 0.8 * timeout))
    assert [diagnosis["id"] for diagnosis in report["diagnosis"]] == [cause]
    assert all(port["stage"] for port in report["ports"])


def test_names_that_leave_time_are_not_to_blame(sim: Simulator) -> None:
    def swallow(address: str, port: int, timeout: float) -> socket.socket:
        if port in PORTS:
            raise socket.timeout
        return connect(address, CLOSED, timeout)

    report = check(job(sim), with_slow_names(sim, 1, connect=swallow))
    assert [diagnosis["id"] for diagnosis in report["diagnosis"]] == ["egress_firewall"]
    assert all(port["stage"] for port in report["ports"])


def test_slow_names_do_no_harm_when_the_rest_is_in_time(sim: Simulator) -> None:
    assert check(job(sim, ports=[587], timeout=40), with_slow_names(sim, 30))["diagnosis"] == []


def test_the_machines_own_resolver() -> None:
    assert "127.0.0.1" in resolve("localhost").addresses
    with pytest.raises(socket.gaierror):
        resolve("no-such-name.invalid")


def test_retries_end_with_the_first_port_that_works(sim: Simulator) -> None:
    sim.fault(stage="banner", reply="421 Too many concurrent SMTP connections", times=2)
    sleeps: list[float] = []
    assert check(job(sim, ports=[587]), net(sim.ports, sleeps), retries=5, delay=7)["reachable"]
    assert sleeps == [7, 7]
    assert check(job(sim, ports=[587]), net(sim.ports, sleeps), retries=5, delay=7)["reachable"]
    assert sleeps == [7, 7]
    sim.fault(refuse=True)
    assert not check(job(sim, ports=[587]), net(sim.ports, sleeps), retries=1, delay=3)["reachable"]
    assert sleeps == [7, 7, 3]


def test_the_summary_names_each_cause_once_with_its_ports(sim: Simulator) -> None:
    sim.fault(refuse=True, ports=[25, 2587])
    sim.fault(no_starttls=True, ports=[587])
    text = summary(check(job(sim, ports=[587, 2587, 25]), net(sim.ports)))
    assert text.startswith(f"No port of {NAME} took the whole dialogue. Port 587: ")
    assert "Ports 2587, 25: The connection is refused" in text
    text = summary(check(job(sim, ports=[587]), net(sim.ports)))
    assert text.startswith(f"Port 587 of {NAME} did not take the whole dialogue. Port 587: ")


def test_a_union_has_each_once_in_order() -> None:
    a, b = {"id": "a"}, {"id": "b"}
    assert union([b, a, b]) == [b, a]


@pytest.mark.cause("hosts_file")
@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (f"127.0.0.1 localhost\n127.0.0.1\t{NAME.upper()} ses # by hand\n", ["hosts_file"]),
        (f"# 127.0.0.1 {NAME}\n127.0.0.1 localhost x{NAME}\n", []),
        (f"192.0.2.1 {NAME}\n", []),  # the name was resolved to another address
        ("", []),
    ],
)
def test_an_address_from_a_line_in_the_hosts_file_is_warned_of(sim: Simulator, lines: str, found: list[str]) -> None:
    report = check(job(sim, ports=[587], **WHOLE), net(sim.ports, hosts_file=lambda: lines))
    assert report["reachable"]
    assert [item["id"] for item in report["diagnosis"]] == found
    assert report["ports"][0]["diagnosis"] == []


@pytest.mark.cause("only_accepted")
def test_a_log_in_at_mail_manager_is_warned_of_and_passes(sim: Simulator) -> None:
    user = Credentials("inp-0123456789", "a password of its own")
    sim.credentials({user.username: user.password})
    report = check(job(sim, ports=[587], **{**WHOLE, "credentials": user}), net(sim.ports))
    assert report["reachable"]
    assert [item["id"] for item in report["diagnosis"]] == ["only_accepted"]
    assert "answers 250" in report["diagnosis"][0]["cause"]


def test_an_ingress_endpoint_of_mail_manager_is_told_by_its_name_when_it_fails_too(sim: Simulator) -> None:
    name = "abc.fips.wxyz.mail-manager-smtp.amazonaws.com"
    report = check(job(sim, ports=[587])._replace(endpoint=name), net(sim.ports))
    assert [item["id"] for item in report["diagnosis"]] == ["hostname_mismatch", "only_accepted"]
    assert f"{name} is an ingress endpoint of Mail Manager" in summary(report)
