# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person looks for in report.html, in headless Chromium."""

from __future__ import annotations

import re

import pytest
import report_samples as samples

HEAD = ["Host", "25", "465", "587", "2465", "2587", "Use", "Dialogue", "Cause", "Queue"]
# Each element that shows text of its own, with the colours that it has on the screen.
CONTRASTS = """() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const seen = element.checkVisibility({ visibilityProperty: true }) && !element.closest("svg, .hide, .skip");
    if (!own || !seen) continue;
    const colour = parse(getComputedStyle(element).color);
    if (colour[3] === 0) continue;
    const [a, b] = [light(colour), light(behind(element))].sort((one, two) => two - one);
    const name = `${element.tagName}.${element.className} ${element.textContent.slice(0, 40)}`;
    found.push([(a + 0.05) / (b + 0.05), name]);
  }
  return found;
}"""


def rows(page):
    """The names of the hosts that are shown, in their order."""
    return page.eval_on_selector_all(
        ".grid tbody:not([hidden]) th[scope=row]", "cells => cells.map(c => c.textContent.trim())"
    )


def row(page, host):
    return page.locator(".grid > tbody", has=page.locator("th[scope=row]", has_text=re.compile(f"^{re.escape(host)}$")))


def cells(page, host):
    """The words and the classes of a host's five ports."""
    return (
        row(page, host)
        .locator("tr:first-child > td")
        .evaluate_all("cells => cells.slice(0, 5).map(c => [c.textContent.trim(), c.className])")
    )


def background(locator):
    return locator.evaluate("element => getComputedStyle(element).backgroundColor")


def mark(locator):
    return locator.evaluate("element => getComputedStyle(element, '::before').content")


def column(page, name, host):
    return row(page, host).locator("tr:first-child > *").nth(HEAD.index(name))


def sort(page, name):
    page.locator(".grid > thead button", has_text=re.compile(f"^{name}$")).click()


@pytest.fixture
def fleet():
    """Five hosts that differ in every column."""
    return {
        "web10": {"check": samples.no_port_25(12), "queue": samples.throttled(3)},
        "web9": {"check": samples.healthy(40), "queue": samples.QUEUES["empty"]},
        "db1": {"check": samples.refused_587(6), "queue": samples.QUEUES["unreadable"]},
        "app1": {"check": samples.wrong_password(20), "queue": samples.throttled(50)},
        "gone": {"check": samples.DEAD, "queue": {"skipped": True}},
    }


def test_the_grid_has_a_row_a_host_and_a_cell_a_port(show, fleet):
    page = show(fleet)
    assert page.locator("h1").inner_text() == "2 of 5 hosts can send; 1 can log in"
    assert page.locator(".grid > thead th").all_inner_texts() == HEAD
    assert rows(page) == ["app1", "gone", "db1", "web10", "web9"]
    assert cells(page, "web10") == [["connect", "w"], *[["122 ms", "o"]] * 4]
    assert cells(page, "app1") == [["auth", "x"]] * 5
    assert [kind for _words, kind in cells(page, "gone")] == ["n"] * 5
    assert column(page, "Use", "db1").inner_text() == "2587"
    assert column(page, "Cause", "gone").inner_text() == "Host unreachable"
    assert column(page, "Queue", "app1").inner_text() == "51, 3 h"
    assert column(page, "Queue", "db1").inner_text() == "unreadable"


def test_cells_tell_apart_by_colour_and_by_sign(show, fleet):
    page = show(fleet)
    kinds = {
        "works": column(page, "25", "web9"),
        "warns": column(page, "25", "web10"),
        "fails": column(page, "25", "app1"),
        "none": column(page, "25", "gone"),
    }
    assert len({background(cell) for cell in kinds.values()}) == 4
    signs = [mark(kinds[kind])[1] for kind in ("works", "warns", "fails")]
    assert signs == ["✓", "!", "×"]


def test_it_sorts_by_every_column(show, fleet):
    page = show(fleet)
    expected = {  # at first, and turned around; hosts that are alike stay as they were
        "Host": (["app1", "db1", "gone", "web9", "web10"], ["web10", "web9", "gone", "db1", "app1"]),
        "25": (["db1", "web9", "web10", "app1", "gone"], ["gone", "app1", "web10", "web9", "db1"]),
        "587": (["web10", "web9", "db1", "app1", "gone"], ["gone", "app1", "db1", "web9", "web10"]),
        "Use": (["web10", "web9", "db1", "app1", "gone"], ["app1", "gone", "db1", "web10", "web9"]),
        "Dialogue": (["db1", "web10", "app1", "web9", "gone"], ["gone", "web9", "app1", "web10", "db1"]),
        "Cause": (["app1", "gone", "web10", "db1", "web9"], ["web9", "db1", "web10", "gone", "app1"]),
        "Queue": (["app1", "web10", "web9", "db1", "gone"], ["gone", "db1", "web9", "web10", "app1"]),
    }
    for name, orders in expected.items():
        directions = ["descending", "ascending"] if name == "Queue" else ["ascending", "descending"]
        for order, direction in zip(orders, directions, strict=True):
            sort(page, name)
            head = page.locator(".grid > thead th[aria-sort]")
            assert (head.inner_text(), head.get_attribute("aria-sort")) == (name, direction)
            assert rows(page) == order, name


def test_the_filter_takes_names_causes_and_replies(show, fleet):
    page = show(fleet)
    for words, hosts in {
        "web": ["web10", "web9"],
        "swallowed": ["web10"],
        "credentials invalid": ["app1"],
        "throttling": ["app1", "web10"],
        "connection timed": ["gone"],
        "WEB9": ["web9"],
        "weather of this": [],
    }.items():
        page.locator("#find").fill(words)
        assert rows(page) == hosts, words
        assert page.locator("#shown").inner_text() == f"{len(hosts)} of 5 hosts"
        assert page.locator("#nothing").is_visible() == (not hosts)
    page.locator("#find").press("Escape")
    assert len(rows(page)) == 5
    assert page.locator("#shown").inner_text() == "5 hosts"


def test_a_state_filters_the_grid(show, fleet):
    page = show(fleet)
    button = page.locator(".states button", has_text="Unreachable")
    assert button.inner_text() == "Unreachable 1"
    button.click()
    assert rows(page) == ["gone"]
    assert button.get_attribute("aria-pressed") == "true"
    page.locator("#clear").click()
    assert len(rows(page)) == 5


def test_every_state_has_its_words_its_sign_and_its_count(show):
    page = show(samples.every_state())
    tally = [text.strip() for text in page.locator(".tally li").all_inner_texts()]
    assert tally == [
        *("1 can send", "1 can log in", "1 reached SES, not logged in"),
        *("2 cannot send", "1 unreachable", "2 not checked"),
    ]
    assert page.locator(".share rect").count() == len(tally)
    pills = page.locator(".causes .stops").all_inner_texts()
    assert sorted(pills) == [*["1 cannot send"] * 2, *["1 not checked"] * 2, "1 unreachable", *["warning"] * 3]
    button = page.locator(".states button", has_text="Not logged in")
    button.click()
    assert rows(page) == ["web2"]
    assert column(page, "Cause", "web2").inner_text() == "Not logged in"
    assert [kind for _words, kind in cells(page, "web2")] == ["o"] * 5
    styles = [
        row(page, host)
        .locator("th[scope=row]")
        .evaluate("cell => (({ backgroundColor: a, borderRadius: b }) => a + b)(getComputedStyle(cell, '::before'))")
        for host in ("web1", "web2", "web3", "web4")
    ]
    assert len(set(styles)) == 4


def test_causes_are_grouped_with_counts_and_filter_the_grid(show):
    fleet = {f"web{n}": {"check": samples.no_port_25(), "queue": samples.QUEUES["empty"]} for n in range(31)}
    fleet |= {f"app{n}": {"check": samples.wrong_password(), "queue": samples.QUEUES["none"]} for n in range(4)}
    page = show(fleet)
    causes = page.locator(".causes li")
    assert [re.sub(r"\s+", " ", text) for text in page.locator(".causes .pick").all_inner_texts()] == [
        "4 hosts",
        "31 hosts",
    ]
    assert page.locator(".causes .name").all_inner_texts() == ["Credentials invalid", "Port 25 swallowed"]
    assert page.locator(".causes .stops").all_inner_texts() == ["4 cannot send", "warning"]
    causes.nth(1).locator(".pick").click()
    assert rows(page) == [f"web{n}" for n in range(31)]
    assert page.locator("#shown").inner_text() == "31 of 35 hosts"
    causes.nth(1).locator("summary").click()
    assert "not throttled" in causes.nth(1).inner_text()
    assert causes.nth(1).locator("a").get_attribute("href").startswith("https://docs.aws.amazon.com/")
    causes.nth(1).locator(".pick").click()
    assert len(rows(page)) == 35


def test_a_host_unfolds_to_its_details_by_keyboard(show):
    fleet = {f"web{n}": {"check": samples.no_port_25(), "queue": samples.throttled(12)} for n in range(9)}
    page = show(fleet)
    name = row(page, "web4").locator(".host-name")
    detail = row(page, "web4").locator(".host")
    assert not detail.is_visible()
    name.focus()
    page.keyboard.press("Enter")
    assert name.get_attribute("aria-expanded") == "true"
    text = detail.inner_text()
    for words in (
        *("Connections to port 25 time out", "Use port 587 or 465", "docs.aws.amazon.com"),
        *("verified", "until 2027-05-19", "176 days left", "email-smtp-fips.us-east-1.amazonaws.com"),
        *("13 messages (1 active, 12 deferred); the oldest for 3 h, postfix", "454 Throttling failure"),
        *("TLSv1.3", "1500", "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com"),
    ):
        assert words in text
    name.press("Enter")
    assert not detail.is_visible()


def test_the_dialogue_is_a_bar_of_its_stages_to_scale(show, fleet):
    page = show(fleet)
    picture = column(page, "Dialogue", "web9").locator("svg")
    assert picture.locator("title").text_content() == "resolve 2, connect 40, banner 41, EHLO 82, TLS 106, auth 89 ms"
    widths = picture.locator("path").evaluate_all(
        "paths => paths.map(p => [p.getAttribute('class'), p.getBBox().width])"
    )
    assert [stage for stage, _width in widths] == ["s0", "s1", "s2", "s3", "s4", "s5"]
    sizes = dict(widths)
    assert sizes["s3"] / sizes["s1"] == pytest.approx(81.5 / 40, rel=0.05)
    legend = page.locator(".legend ul").nth(1).locator("li")
    assert legend.all_inner_texts() == ["resolve", "connect", "banner", "EHLO", "TLS", "auth"]
    for number in range(6):
        stroke = picture.locator(f".s{number}").evaluate("element => getComputedStyle(element).stroke")
        assert stroke == background(legend.nth(number).locator("i"))
    numbers = row(page, "app1").locator(".ms tr").nth(1).locator("td").all_inner_texts()[1:]
    assert numbers == ["2", "20", "21", "42", "56", "49", "190"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_dark_and_light(show, fleet, scheme):
    page = show(fleet, color_scheme=scheme)
    page.locator(".host-name").first.click()
    page.mouse.move(0, 0)
    row(page, "web9").locator(".host-name").click()
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert [found for found in contrasts if found[0] < 4.5] == []
    page_is_dark = sum(map(int, re.findall(r"\d+", background(page.locator("body")))[:3])) < 200
    assert page_is_dark == (scheme == "dark")


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1400])
@pytest.mark.parametrize("count", [3, 40])
def test_no_page_scrolls_sideways(show, count, width):
    page = show(samples.small() if count == 3 else samples.mixed(count))
    page.set_viewport_size({"width": width, "height": 800})
    page.locator(".host-name").nth(2).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for cell in page.locator(".grid tbody").first.locator("tr:first-child > td").all()[:5]:
        box = cell.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_a_phone_shows_which_port_a_cell_is(show, fleet):
    page = show(fleet)
    page.set_viewport_size({"width": 390, "height": 800})
    assert [mark(column(page, port, "web10")).split('"')[3].strip() for port in HEAD[1:6]] == HEAD[1:6]


def test_it_reads_without_scripts(show, fleet):
    page = show(fleet, java_script_enabled=False)
    assert page.locator(".grid > tbody").count() == 5
    assert not page.locator(".tools").is_visible()
    summary = page.locator(".grid > tbody").last.locator("summary")
    summary.click()
    assert "email-smtp-fips" in page.locator(".grid > tbody").last.locator("dl").inner_text()


def busy(page, act):
    """What an act costs the page's own thread, in seconds, however loaded the machine is."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    act()
    rows(page)
    metrics = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def test_thousand_hosts_answer_at_once(show):
    page = show(samples.mixed(1000))
    assert len(rows(page)) == 1000
    for act in (
        page.reload,
        lambda: sort(page, "587"),
        lambda: page.locator("#find").fill("port 25 swallowed"),
        page.locator(".causes .pick").first.click,
        lambda: page.locator("#find").press("Escape"),
        lambda: page.locator(".host-name").nth(500).click(),
    ):
        assert busy(page, act) < 2
    assert page.locator(".causes li").count() >= 8


HOSTILE = [
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_are_inert(show, hostile):
    diagnosis = [{"id": hostile, "cause": hostile, "remedy": hostile, "source": f"https://a.invalid/{hostile}"}]
    port = samples.works(25, ok=False, diagnosis=diagnosis, reply={"code": 554, "text": hostile})
    check = samples.check([port, samples.works(587)], endpoint=hostile, addresses=[hostile])
    page = show({hostile: {"check": check, "queue": {"msg": hostile}}})
    assert rows(page) == [hostile]
    page.locator("#find").fill(hostile)
    assert rows(page) == [hostile]
    assert page.locator("img, script:not(head script), .grid svg:not(.bars)").count() == 0
