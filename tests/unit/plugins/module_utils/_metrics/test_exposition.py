# SPDX-License-Identifier: GPL-3.0-or-later
"""The text for node_exporter, read by Prometheus's own parser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._metrics.exposition import HELP, PREFIX, Relay, exposition
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import Message, summarize
from prometheus_client.parser import text_string_to_metric_families

NOW = 1_790_000_000.0
RELAY = Relay("postfix", "email-smtp.us-east-1.amazonaws.com")
THROTTLED = "454 Throttling failure: Maximum sending rate exceeded."
REFUSED = "connect to email-smtp.us-east-1.amazonaws.com[192.0.2.1]:587: Connection refused"
MESSAGES = [
    Message("deferred", NOW - 5400, reasons=(THROTTLED,)),
    Message("deferred", NOW - 60, reasons=(THROTTLED, REFUSED)),
    Message("active", NOW - 1),
]


def families(text: str) -> dict[str, Any]:
    found = list(text_string_to_metric_families(text))
    assert len({family.name for family in found}) == len(found)
    return {family.name.removeprefix(f"{PREFIX}_"): family for family in found}


def values(family: Any) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


def test_a_queue_is_told_by_state_age_and_cause() -> None:
    text = exposition(RELAY, summarize(MESSAGES, NOW, RELAY.endpoint), {"log_in": NOW - 30}, NOW)
    found = families(text)
    assert set(found) == set(HELP)
    assert values(found["info"]) == {tuple(RELAY): 1}
    assert values(found["queue_read_success"]) == {(): 1}
    states = {("deferred",): 2, ("active",): 1, ("maildrop",): 0, ("incoming",): 0, ("hold",): 0}
    assert values(found["queue_messages"]) == states
    assert values(found["queue_oldest_message_timestamp_seconds"]) == {(): NOW - 5400}
    assert values(found["queue_cause_messages"]) == {("rate_exceeded",): 2, ("port_refused",): 1}
    assert values(found["proof_timestamp_seconds"]) == {("log_in",): NOW - 30}


def test_an_empty_queue_has_its_states_and_no_oldest_message() -> None:
    found = families(exposition(Relay("sendmail", "e"), summarize([], NOW), {}, NOW))
    assert {state: count for (state,), count in values(found["queue_messages"]).items()} == dict.fromkeys(
        ("incoming", "deferred", "hold", "lost", "client"), 0
    )
    assert set(found) == {"info", "queue_read_success", "queue_messages"}


def test_a_queue_that_cannot_be_read_is_no_empty_queue() -> None:
    found = families(exposition(RELAY, None, {"mail": NOW}, NOW))
    assert values(found["queue_read_success"]) == {(): 0}
    assert set(found) == {"info", "queue_read_success", "proof_timestamp_seconds"}


def test_names_keep_to_prometheuss_conventions() -> None:
    """As promtool's `check metrics` judges: a help text, base units at the end, no type in a name, no plural unit."""
    for name, says in HELP.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z]", name)
        assert says.endswith(".")
        assert not re.search(r"_(?:total|count|sum|bucket|gauge|counter|minutes|hours|days|ms)$", name)
    text = exposition(RELAY, summarize(MESSAGES, NOW), {}, NOW)
    assert text.endswith("\n")
    assert all(family.documentation and family.type == "gauge" for family in families(text).values())


@pytest.mark.parametrize("said", ['a"b', "a\\b", "a\nb", "é", "a,b}"])
def test_what_a_queue_says_cannot_break_the_text(said: str) -> None:
    queue = {**summarize([], NOW), "states": {said: 1}}
    found = families(exposition(RELAY, queue, {}, NOW))
    assert values(found["queue_messages"])[(said,)] == 1
