# SPDX-License-Identifier: GPL-3.0-or-later
"""report.html without a browser; with one: tests/system/report."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
import report_samples as samples
from ansible_collections.mailops.ses.plugins.plugin_utils._report import as_html, as_json, as_junit
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet
from growth import LINEAR, TIMES, growth

MEGABYTE = 1_000_000


class Page(HTMLParser):
    """The page's elements, the text of its table's rows, and what it would load."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.rows, self.loads, self.handlers = [], [], [], []
        self._cell = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        values = dict(attributes)
        self.loads += [value for name, value in values.items() if name in ("src", "srcset", "data", "action", "poster")]
        self.handlers += [name for name in values if name.startswith("on") or name == "style"]
        if tag == "tbody":
            self.rows.append([])
        self._cell = tag in ("th", "td") and bool(self.rows)
        if self._cell and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data):
        if self._cell and self.rows:
            self.rows[-1][-1] += data


def page(results):
    return as_html.render(fleet(results, samples.NOW))


def reports(results):
    found = fleet(results, samples.NOW)
    return [module.render(found) for module in (as_html, as_json, as_junit)]


def test_reports_cost_as_much_for_each_host_however_many_there_are():
    results = list(samples.mixed(50 * TIMES).items())
    assert growth(lambda size: reports(dict(results[:size])), 50) < LINEAR


def test_reports_of_a_thousand_hosts_stay_small():
    texts = reports(samples.mixed(1000))
    assert len(texts[0].encode()) < 3 * MEGABYTE
    assert all(len(text.encode()) < 3 * MEGABYTE for text in texts[1:])
    assert texts[0].count("<tbody ") == 1000


def test_nothing_is_loaded_and_nothing_runs_but_its_own_script():
    text = page(samples.mixed(60))
    read = Page(text)
    assert (read.loads, read.handlers, read.tags.count("script")) == ([], [], 1)
    assert "url(" not in text
    assert "@import" not in text
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text).group(1)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for element in ("style", "script"):
        inside = re.search(f"<{element}>(.*?)</{element}>", text, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy


def test_hosts_in_trouble_come_first():
    names = [row[0].strip() for row in Page(page(samples.small())).rows]
    assert names == ["web2.corp.example.com", "web3.corp.example.com", "web1.corp.example.com"]


def test_the_cells_of_a_row():
    row = Page(page({"web1": {"check": samples.no_port_25(), "queue": samples.throttled(12)}})).rows[0]
    assert [cell.strip() for cell in row[:7]] == ["web1", "connect", "122 ms", "122 ms", "122 ms", "122 ms", "587"]
    assert [cell.strip() for cell in row[8:10]] == ["Port 25 swallowed, Rate exceeded", "13, 3 h"]


@pytest.mark.parametrize(
    ("results", "headline"),
    [
        ({}, "No host was checked"),
        ({"a": {"check": samples.healthy(), "queue": samples.QUEUES["empty"]}}, "The host can send"),
        (
            {name: {"check": samples.healthy(), "queue": samples.QUEUES["empty"]} for name in "ab"},
            "All 2 hosts can send",
        ),
        (
            {name: {"check": samples.healthy(), "queue": samples.QUEUES["none"]} for name in "ab"},
            "All 2 hosts can log in",
        ),
        ({"a": {"check": samples.DEAD}}, "0 of 1 host can send"),
        (samples.small(), "1 of 3 hosts can send"),
        ({"a": {"check": samples.not_logged_in()}}, "The host reached SES, not logged in"),
        ({name: {"check": samples.not_logged_in()} for name in "ab"}, "All 2 hosts reached SES, not logged in"),
        (samples.every_state(), "1 of 8 hosts can send; 1 can log in; 1 reached SES, not logged in"),
    ],
)
def test_the_headline_says_how_the_fleet_does(results, headline):
    text = page(results)
    assert f"<h1>{headline}</h1>" in text
    assert f"<title>{headline} – " in text


def test_a_report_of_no_host_calls_nothing_well():
    assert "No host of the inventory matched." in page({})
    assert "Nothing is wrong" not in page({})
    assert "Nothing is wrong" in page({"web1": {"check": samples.healthy(), "queue": samples.QUEUES["empty"]}})


def test_a_cause_with_several_messages_shows_each_with_its_hosts_and_the_remedy_once():
    texts = ["timed out"] * 7 + ["refused"] * 2 + ["a", "b", "c", "d"]
    dead = {f"web{n:02}": {"check": {"unreachable": True, "msg": text}} for n, text in enumerate(texts)}
    text = page(dead).partition('id="h-hosts"')[0]
    assert "6 messages, such as: Ansible could not reach the host: timed out." in text
    assert re.search(r"7 hosts</span> web00, web01, web02, web03, web04 and 2 more<p>Ansible .*: timed out\.", text)
    assert re.search(r"2 hosts</span> web07, web08<p>Ansible .*: refused\.", text)
    assert "Otherwise on 1 host, as their details say." in text
    assert text.count("See that the host runs") == 1
    assert ">13 unreachable</span>" in text
    assert "cannot send" not in text


@pytest.mark.parametrize(
    "hostile", ["</script><script>x</script>", "\"'><img src=x onerror=x>", "<!--", "&lt;b>", "\x00\u202e"]
)
def test_whatever_a_server_says_stays_text(hostile):
    diagnosis = [{"id": hostile, "cause": hostile, "remedy": hostile, "source": f"javascript:{hostile}"}]
    shown = {**dict.fromkeys(("subject", "issuer", "not_after"), hostile), "names": [hostile], "verified": False}
    port = samples.works(587, ok=False, diagnosis=diagnosis, reply={"code": 554, "text": hostile}, certificate=shown)
    port.update(tls_version=hostile, tls_cipher=hostile)
    plain = {**port, "diagnosis": [dict.fromkeys(("id", "cause", "remedy", "source"), "x")]}
    plain.update(
        reply={"code": 554, "text": "x"}, certificate=dict.fromkeys(shown, "x"), tls_version="x", tls_cipher="x"
    )
    plain["certificate"].update(names=["x"], verified=False)

    def tags(port, said):
        check = samples.check([port], endpoint=said, canonical_name=said + "!", addresses=[said])
        return Page(page({said: {"check": check, "queue": {"msg": said}}})).tags

    assert tags(port, hostile) == tags(plain, "x")


def test_only_https_becomes_a_link():
    port = samples.works(
        587, ok=False, diagnosis=[{"id": "a", "cause": "b", "remedy": "c", "source": "javascript:alert(1)"}]
    )
    assert "javascript:" not in page({"web1": {"check": samples.check([port])}})


def test_mail_that_waits_and_mail_that_is_only_accepted_have_their_words():
    text = f"connect to {samples.ENDPOINT}[192.0.2.10]:587: Connection refused"
    waits = as_html.render(fleet({"web1": {"check": samples.healthy(), "queue": samples.waiting(text)}}, samples.NOW))
    assert "<b>1</b> logged in, but mail waits" in waits
    assert "1 logged in, but mail waits</span>" in waits
    told = as_html.render(
        fleet({"web1": {"check": samples.mail_manager(), "queue": samples.QUEUES["empty"]}}, samples.NOW)
    )
    assert "<h1>The host logged in, sending not known</h1>" in told


def test_what_came_of_a_mail_is_shown():
    shown = page({"web1": {"check": samples.healthy(), "probe": samples.PROBES["delivered"]}})
    assert "<dt>Mail<dd>The mail to success@simulator.amazonses.com is delivered." in shown
