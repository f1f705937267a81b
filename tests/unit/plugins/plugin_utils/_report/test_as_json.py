# SPDX-License-Identifier: GPL-3.0-or-later
"""report.json."""

from __future__ import annotations

import json

import report_samples as samples
from ansible_collections.mailops.ses.plugins.plugin_utils._report.as_json import render
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet


def test_it_is_the_fleet():
    for results in ({}, samples.small(), samples.mixed(50)):
        found = fleet(results, samples.NOW)
        assert json.loads(render(found)) == found


def test_any_reply_survives():
    said = "\x00\x1b</script>\ud800\u2028日本"
    port = samples.works(587, reply={"code": 250, "text": said})
    text = render(fleet({"web1": {"check": samples.check([port])}}, samples.NOW))
    assert text.isascii()
    assert json.loads(text)["hosts"][0]["ports"][0]["reply"]["text"] == said


def test_a_host_is_a_line():
    assert len(render(fleet(samples.mixed(50), samples.NOW)).splitlines()) == 52
