# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host delivered before the role it delivers after it, or the role refused before any change, and said why."""

from __future__ import annotations

import os

import pytest
from harness import Stage, Story
from lives import CHANGED, EITHER, KEPT, NOT_HERE, REFUSED
from postfix_lives import HOSTS as POSTFIX
from sendmail_lives import HOSTS as SENDMAIL

# LIVES=word leads those alone whose MTA and host have the word; tests of the whole table then say what is missing.
WORD = os.environ.get("LIVES", "")
HOSTS = tuple(host for host in (*POSTFIX, *SENDMAIL) if WORD in f"{host.mta}: {host.name}")
LIVES = [(host, life) for host in HOSTS for life in host.lives]


def named(host, life):
    return f"{host.mta}: {life.name}"


def lives(*verdicts):
    """A parameter for each life of these verdicts."""
    chosen = [(host, life) for host, life in LIVES if life.verdict in verdicts]
    return pytest.mark.parametrize("key", [pytest.param((h.mta, life.name), id=named(h, life)) for h, life in chosen])


@pytest.fixture(scope="session")
def stories(layout, request, tmp_path_factory) -> dict[tuple[str, str], Story]:
    """What came of the lives whose tests are run, and of those that share a host with them."""
    chosen = {item.callspec.params.get("key") for item in request.session.items if hasattr(item, "callspec")}
    hosts = [host for host in HOSTS if any((host.mta, life.name) in chosen for life in host.lives)]
    return Stage(layout, tmp_path_factory.mktemp("lives")).lead(hosts)


@pytest.fixture
def story(stories, key) -> Story:
    found = stories[key]
    assert not found.trouble, found.trouble
    return found


def is_where(sent, expected, passes):
    """Each mail is where it is expected."""
    wrong = [
        f"a mail to {str(one.mail.to)[:60]} is expected: {expected(one.mail)}; it is: {one.places() or 'nowhere'}"
        for one in sent
        if not one.matches(expected(one.mail), passes)
    ]
    assert not wrong, "\n".join([*wrong, *{one.log for one in sent}])


@lives(KEPT, CHANGED, REFUSED, EITHER)
def test_its_mail_arrived_before_the_role(story):
    is_where(story.before, lambda mail: mail.before, story.host.passes)


@lives(KEPT, CHANGED)
def test_the_role_takes_the_host_and_names_what_it_changes(story):
    assert not story.role.failed, story.role.output[-3000:]
    assert [word for word in story.life.says if word not in story.role.output] == [], story.role.output[-3000:]


@lives(REFUSED, EITHER)
def test_the_role_refuses_says_why_and_changes_nothing(story):
    if not story.role.failed:
        assert story.life.verdict == EITHER, "the role took the host"
        return
    said = story.role.output.partition("fatal:")[2]
    assert [word for word in story.life.says if word not in said] == [], said
    assert story.unchanged == ""


@lives(KEPT, CHANGED, REFUSED, EITHER)
def test_its_mail_arrives_after_the_role(story):
    refused = story.role.failed
    is_where(story.after, lambda mail: mail.before if refused else mail.after, story.host.passes)


@lives(KEPT, CHANGED, EITHER)
def test_a_second_run_changes_nothing(story):
    if story.life.verdict != EITHER or not story.role.failed:
        assert "changed=0" in story.role.second, story.role.second


@lives(KEPT, CHANGED, EITHER)
def test_the_check_says_can_send_where_mail_arrives_and_tells_what_waits(story):
    if story.role.failed:
        assert story.life.verdict == EITHER
        return
    checked = story.role.checked
    assert "state" in checked, checked
    if story.role.led:
        passing = {"can_send"} if story.role.arrived else {"cannot_send", "mail_waits"}
        assert checked["state"] in passing, checked
    assert checked["queue"]["messages"] == len(story.role.waiting), checked["queue"]
    # What waits for a reason is told with its reason.
    assert bool(checked["queue"]["reasons"]) == story.role.because, checked["queue"]


@pytest.mark.parametrize(
    "key", [pytest.param((h.mta, life.name), id=named(h, life)) for h, life in LIVES if life.later]
)
def test_its_life_goes_on_after_the_role(story):
    assert not story.ended
    assert list(story.later) == list(story.life.later), story.later.keys()
    for sent in story.later.values():
        is_where(sent, lambda mail: mail.after, story.host.passes)


def test_there_are_thirty_lives_for_each_mta():
    for mta in {host.mta for host in HOSTS}:
        assert len([life for host, life in LIVES if host.mta == mta and life.verdict != NOT_HERE]) >= 30


def test_each_life_has_a_name_of_its_own_and_where_it_does_not_go_on_a_reason():
    names = [named(host, life) for host, life in LIVES]
    assert len(set(names)) == len(names)
    assert [life.name for _host, life in LIVES if life.verdict in (CHANGED, EITHER, NOT_HERE) and not life.why] == []


def test_each_of_the_faults_that_were_reported_first_is_a_life():
    for mta in {host.mta for host in HOSTS}:
        assert {life.fault for host, life in LIVES if host.mta == mta} >= set(range(1, 19))
