# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that keeps the list fresh: what it makes of answers, of its memory, and of failures."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._network.egress import refresher
from hypothesis import given
from hypothesis import strategies as st

NAME = "email-smtp.us-east-1.amazonaws.com"
CONFIG = refresher.Config(NAME, (25, 587), 100)
NOW = refresher.Moment("this boot", 1_000_000)
OUTAGE = refresher.Answers(frozenset(), "Temporary failure in name resolution")


def answer(*addresses: str) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("10.0.0.7", "10.0.0.7"),  # a VPC endpoint
        ("2001:DB8::0:1", "2001:db8::1"),
        ("64:ff9b::c000:201", "64:ff9b::c000:201"),  # NAT64
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("0.0.0.0", None),
        ("::", None),
        ("127.0.0.1", None),
        ("::1", None),
        ("fe80::1%eth0", None),
        ("169.254.169.254", None),
        ("224.0.0.1", None),
    ],
)
def test_only_what_mail_could_go_to_is_usable(address: str, told: str | None) -> None:
    assert refresher.usable(address) == told


def test_it_asks_several_times_and_joins_the_answers() -> None:
    rotation = iter([answer(f"192.0.2.{number % 4}") for number in range(99)])
    asked: list[str] = []

    def resolve(name: str, *_args: Any, **_kwargs: Any) -> list[Any]:
        asked.append(name)
        return next(rotation)

    answers = refresher.look_up(NAME, resolve)
    assert answers == ({"192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"}, "")
    assert asked == [NAME] * refresher.QUESTIONS


def test_it_keeps_what_came_before_a_failure_and_does_not_insist() -> None:
    replies: list[Any] = [answer("192.0.2.1"), socket.gaierror(socket.EAI_AGAIN, "try again")]

    def resolve(*_args: Any, **_kwargs: Any) -> list[Any]:
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        found: list[Any] = reply
        return found

    assert refresher.look_up(NAME, resolve) == ({"192.0.2.1"}, "try again")
    assert not replies


def test_a_slow_dns_is_not_asked_ten_times() -> None:
    times = iter(range(0, 999, 15))
    asked: list[int] = []

    def resolve(*_args: Any, **_kwargs: Any) -> list[Any]:
        asked.append(1)
        return answer("192.0.2.1")

    refresher.look_up(NAME, resolve, clock=lambda: next(times))
    assert len(asked) == 2


def test_answers_without_a_usable_address_are_an_outage() -> None:
    answers = refresher.look_up(NAME, lambda *_args, **_kwargs: answer("0.0.0.0"))
    assert answers == (frozenset(), "its answers have no address that mail could go to")


def stated(endpoint: str, unseen: Any, boot_seconds: Any = 1) -> str:
    return json.dumps({"endpoint": endpoint, "boot": "b", "boot_seconds": boot_seconds, "unseen_seconds": unseen})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        stated("other.example.com", {"192.0.2.1": 1}),
        f'{{"endpoint": "{NAME}"}}',
        stated(NAME, ["192.0.2.1"]),
        stated(NAME, {"flush ruleset": 1}),
        stated(NAME, {"192.0.2.1": "soon"}),
        stated(NAME, {"192.0.2.1": math.inf}),
        stated(NAME, {"192.0.2.1": 1}, boot_seconds=None),
    ],
)
def test_a_broken_or_foreign_memory_is_none(text: str) -> None:
    assert refresher.known(text, NAME) == refresher.NOTHING


def test_no_memory_makes_an_address_younger() -> None:
    assert refresher.known(stated(NAME, {"192.0.2.1": -99}), NAME).unseen == {"192.0.2.1": 0}


ADDRESSES = st.ip_addresses().map(str).map(refresher.usable).filter(bool)
UNSEEN = st.dictionaries(ADDRESSES, st.integers(0, 1000))
MOMENTS = st.builds(refresher.Moment, st.sampled_from(["this boot", "another"]), st.integers(0, 2_000_000))
MEMORIES = st.builds(refresher.Memory, UNSEEN, MOMENTS)


@given(MEMORIES)
def test_what_is_remembered_is_known_again(memory: refresher.Memory) -> None:
    assert refresher.known(refresher.state_text(NAME, memory), NAME) == memory


@given(MEMORIES, st.frozensets(ADDRESSES), MOMENTS, st.integers(20, 2000))
def test_merging_keeps_what_was_seen_within_the_grace(
    memory: refresher.Memory, found: frozenset[str], now: refresher.Moment, grace: int
) -> None:
    merged = refresher.merged(memory, found, now, grace)
    assert merged.at == now
    if not found:
        assert merged.unseen == dict.fromkeys(memory.unseen, 0)
        return
    assert all(merged.unseen[address] == 0 for address in found)
    assert all(0 <= seconds < grace for seconds in merged.unseen.values())
    assert set(merged.unseen) <= set(memory.unseen) | found
    assert all(seconds >= memory.unseen[address] for address, seconds in merged.unseen.items() if address not in found)


@pytest.mark.parametrize(
    ("earlier", "later", "seconds"),
    [
        (("a", 100), ("a", 160), 60),
        (("a", 100), ("a", 100), 0),
        (("a", 100), ("b", 30), 30),  # the host was off for an unknown time, and has run for 30 s
        (("a", 30), ("b", 100), 100),
        (("", 0), ("b", 30), 30),
        (("a", 160), ("a", 100), 0),
    ],
)
def test_what_has_passed(earlier: tuple[str, int], later: tuple[str, int], seconds: int) -> None:
    assert refresher.Moment(*later).since(refresher.Moment(*earlier)) == seconds


def test_this_moment_is_of_this_boot() -> None:
    one, other = refresher.this_moment(), refresher.this_moment()
    assert one.boot == other.boot != ""
    assert 0 <= other.since(one) <= 60


@pytest.mark.parametrize("wrong", [0.0, 4_000_000_000.0], ids=["1970", "2096"])
def test_the_time_of_day_drops_no_address_and_keeps_none(
    state: str, monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    """A host starts with a wrong clock, the network corrects it, and an address that DNS names no more ends in time."""
    clock = {"day": 1_700_000_000.0, "boot": 5000.0}
    monkeypatch.setattr(time, "time", lambda: clock["day"])
    monkeypatch.setattr(time, "clock_gettime", lambda _which: clock["boot"])

    def open_after(seconds: float, *found: str, **set_to: float) -> set[str]:
        clock.update(boot=clock["boot"] + seconds, day=clock["day"] + seconds)
        clock.update(set_to)
        refresher.refresh(CONFIG, state, Kernel(), lambda _name: refresher.Answers(frozenset(found), ""))
        return set(refresher.known(refresher.read(state), NAME).unseen)

    both = {"192.0.2.1", "192.0.2.2"}
    assert open_after(0, *both) == both
    assert open_after(30, "192.0.2.1", day=wrong) == both
    assert open_after(30, "192.0.2.1", day=1_700_000_100.0) == both
    assert open_after(39, "192.0.2.1", day=wrong) == both
    assert open_after(1, "192.0.2.1", day=wrong) == {"192.0.2.1"}  # 100 seconds, the grace


def test_the_table_is_one_transaction() -> None:
    text = refresher.ruleset({"192.0.2.1": 30, "2001:db8::1": 60}, [25, 587])
    assert text.startswith("table inet ses_egress\ndelete table inet ses_egress\ntable inet ses_egress {\n")
    assert "type ipv4_addr; flags timeout; elements = { 192.0.2.1 timeout 30s };" in text
    assert "type ipv6_addr; flags timeout; elements = { 2001:db8::1 timeout 60s };" in text
    assert text.index('oifname "lo" accept') < text.index("tcp dport != { 25, 587 } accept")
    last_rule = text.rstrip().splitlines()[-3].strip()
    assert last_rule == "tcp dport { 25, 587 } tcp flags & (syn | ack) == syn reject with tcp reset"


def test_an_empty_set_has_no_elements() -> None:
    assert "set endpoint6 { type ipv6_addr; flags timeout;  }" in refresher.ruleset({"192.0.2.1": 1}, [25])


@pytest.mark.parametrize(("addresses", "ports"), [({"flush ruleset": 1}, [25]), ({"192.0.2.1": 1}, ["25 } accept"])])
def test_nothing_but_addresses_and_numbers_gets_into_the_rules(addresses: dict[str, int], ports: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"flush|accept"):
        refresher.ruleset(addresses, ports)


class Kernel:
    """What nft was given, and what it objects to."""

    def __init__(self, objection: str = "") -> None:
        self.objection = objection
        self.texts: list[str] = []

    def __call__(self, text: str) -> str:
        self.texts.append(text)
        return self.objection


@pytest.fixture
def state(tmp_path: Any) -> str:
    return str(tmp_path / "addresses.json")


def remember(state: str, **unseen: int) -> None:
    addresses = {name.strip("_").replace("_", "."): seconds for name, seconds in unseen.items()}
    refresher.write(state, refresher.state_text(NAME, refresher.Memory(addresses, NOW)))


def remembered(state: str) -> dict[str, int]:
    return dict(refresher.known(refresher.read(state), NAME).unseen)


def refreshed(state: str, kernel: Kernel, answers: refresher.Answers) -> str:
    return refresher.refresh(CONFIG, state, kernel, lambda _name: answers, lambda: NOW)


def test_a_refresh_enforces_and_remembers(state: str) -> None:
    remember(state, _192_0_2_1=40, _192_0_2_2=100)
    kernel = Kernel()
    said = refreshed(state, kernel, refresher.Answers(frozenset(["192.0.2.3"]), ""))
    assert said == f"<6>2 addresses of {NAME} are open, 1 of them in DNS now"
    assert "{ 192.0.2.1 timeout 60s, 192.0.2.3 timeout 100s }" in kernel.texts[0]
    assert remembered(state) == {"192.0.2.1": 40, "192.0.2.3": 0}
    assert os.stat(state).st_mode & 0o777 == 0o644


def test_an_outage_gives_all_the_full_grace_again(state: str) -> None:
    remember(state, _192_0_2_1=99)
    kernel = Kernel()
    assert refreshed(state, kernel, OUTAGE).startswith(
        f"<4>{NAME} was not found (Temporary failure in name resolution)"
    )
    assert "{ 192.0.2.1 timeout 100s }" in kernel.texts[0]
    assert remembered(state) == {"192.0.2.1": 0}


def test_loading_gives_all_the_full_grace_and_asks_nobody(state: str) -> None:
    remember(state, _192_0_2_1=5)
    kernel = Kernel()
    refresher.load(CONFIG, state, kernel)
    assert "{ 192.0.2.1 timeout 100s }" in kernel.texts[0]
    assert remembered(state) == {"192.0.2.1": 5}


@pytest.mark.parametrize(
    "act", [lambda state, kernel: refresher.load(CONFIG, state, kernel), lambda *args: refreshed(*args, OUTAGE)]
)
def test_an_empty_list_is_never_enforced(state: str, act: Callable[[str, Kernel], str]) -> None:
    kernel = Kernel()
    with pytest.raises(refresher.RefusalError, match="an empty list would refuse all mail"):
        act(state, kernel)
    assert not kernel.texts
    assert not os.path.exists(state)


def test_what_nft_refuses_is_not_remembered(state: str) -> None:
    remember(state, _192_0_2_1=40)
    before = refresher.read(state)
    with pytest.raises(refresher.RefusalError, match="those before stay in force: no such thing"):
        refreshed(state, Kernel("no such thing"), refresher.Answers(frozenset(["192.0.2.3"]), ""))
    assert refresher.read(state) == before


def test_loading_waits_for_a_refresh(state: str) -> None:
    """Both hold the lock while they give rules to nft."""
    remember(state, _192_0_2_1=0)
    code = (
        "import sys, fcntl, os; d = os.open(sys.argv[1], os.O_RDONLY)\n"
        "try: fcntl.flock(d, fcntl.LOCK_EX | fcntl.LOCK_NB); print('free')\n"
        "except BlockingIOError: print('held')"
    )
    seen: list[str] = []

    def apply(_text: str) -> str:
        done = subprocess.run([sys.executable, "-c", code, os.path.dirname(state)], capture_output=True, check=True)
        seen.append(done.stdout.decode().strip())
        return ""

    refresher.load(CONFIG, state, apply)
    refresher.refresh(CONFIG, state, apply, lambda _name: refresher.Answers(frozenset(["192.0.2.1"]), ""))
    assert seen == ["held", "held"]


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "file")
    refresher.write(path, "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        refresher.write(path, "new")
    assert refresher.read(path) == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_configuration_is_read_as_it_was_written(tmp_path: Any) -> None:
    path = str(tmp_path / "config.json")
    refresher.write(path, CONFIG.text())
    assert refresher.Config.read(path) == CONFIG
    assert json.loads(CONFIG.text()) == {"endpoint": NAME, "ports": [25, 587], "grace_seconds": 100}


@pytest.mark.parametrize("arguments", [[], ["start"], ["load", "refresh"]])
def test_wrong_arguments_print_the_usage(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-I", refresher.__file__, *arguments], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (2, b"usage: ses-egress.py load | refresh | unload\n")


def test_without_its_configuration_it_says_so() -> None:
    """As a program of its own, with the standard library alone."""
    done = subprocess.run(
        [sys.executable, "-I", refresher.__file__, "load"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("<3>ses-egress: ")
    assert "/etc/ses-egress.json" in done.stderr
