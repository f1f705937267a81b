# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves: every host in one, canaries first, sizes as they were asked for."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.settings import Amount
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.waves import canaries_of, split
from hypothesis import given
from hypothesis import strategies as st

DEFAULT = (Amount(1), Amount(10, percent=True), Amount(100, percent=True))
AMOUNTS = st.builds(Amount, st.integers(1, 100), st.booleans())


def web(count):
    return [f"web{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("count", "canaries", "sizes"),
    [
        (0, 0, []),
        (1, 1, [1]),
        (7, 1, [1, 1, 5]),
        (100, 1, [1, 10, 89]),
        (1000, 1, [1, 100, 899]),
        (1000, 3, [3, 100, 897]),
        (4, 4, [4]),
    ],
)
def test_the_default_is_a_canary_of_each_kind_a_tenth_and_the_rest(count, canaries, sizes):
    hosts = web(count)
    assert [len(wave) for wave in split(hosts, hosts[:canaries], DEFAULT, count)] == sizes


def test_the_first_wave_has_its_size_and_the_canaries_come_first_in_it():
    assert split(web(6), ["web4"], (Amount(3), Amount(100, percent=True)), 6)[0] == ["web4", "web0", "web1"]


def test_a_rollout_goes_on_with_the_next_size_and_without_canaries():
    assert split(web(20), ["web3"], (Amount(1), Amount(2), Amount(5)), 20, passed=1) == [
        web(20)[:2],
        *[web(20)[start : start + 5] for start in (2, 7, 12)],
        web(20)[17:],
    ]


def test_of_each_mta_and_system_the_first_host_is_a_canary():
    kinds = {"a": ("postfix", "Debian 12"), "b": ("postfix", "Debian 12"), "c": ("sendmail", "Debian 12")}
    assert canaries_of(list(kinds), kinds) == ["a", "c"]


@given(st.integers(0, 60), st.sets(st.integers(0, 59)), st.lists(AMOUNTS, min_size=1, max_size=5), st.integers(0, 6))
def test_each_host_is_in_one_wave_and_no_wave_is_empty_or_too_large(count, chosen, sizes, passed):
    hosts, canaries = web(count), [f"web{number}" for number in sorted(chosen) if number < count]
    waves = split(hosts, canaries, sizes, count, passed)
    assert sorted(host for wave in waves for host in wave) == sorted(hosts)
    assert all(waves)
    for number, wave in enumerate(waves, passed):
        most = max(1, sizes[min(number, len(sizes) - 1)].of(count))
        assert len(wave) <= (max(most, len(canaries)) if number == 0 else most)
    if waves and not passed:
        assert set(canaries) <= set(waves[0])
