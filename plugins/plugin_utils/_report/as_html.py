# SPDX-License-Identifier: GPL-3.0-or-later
"""report.html: the fleet on one page that needs nothing besides itself.

Everything is in the markup, so that it reads without scripts; the script only sorts, filters and folds. A fleet of
1,000 hosts has to stay small: end tags that HTML does not need are left out, and classes are short (they are explained
in report.css).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS
from ansible_collections.mailops.ses.plugins.plugin_utils._report.account import heading, quota_words
from ansible_collections.mailops.ses.plugins.plugin_utils._report.as_html_host import (
    Bars,
    detail,
    dialogue,
    link,
    queue_words,
)
from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import FAILING, STATES
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import (
    STAGES,
    STATE_WORDS,
    failed_at,
    headline,
    listed,
    markup,
    milliseconds,
    plural,
    ports_words,
    stage_words,
    title,
    total,
)

PREFERRED = next(iter(PORTS))  # its dialogue stands for a host that cannot send
_HERE = Path(__file__).parent
# The class of a state, in the order of the hosts.
_STATES = {
    "cannot_send": "bad",
    "mail_waits": "bad",
    "unreachable": "dead",
    "not_checked": "dead",
    "not_logged_in": "part",
    "only_accepted": "part",
    "can_log_in": "part",
    "can_send": "good",
}
_ORDER = list(_STATES)
_USABLE = {"can_send", "can_log_in", "not_logged_in", "only_accepted", "mail_waits"}  # a port took the whole dialogue
_WORDINGS = 5  # of a cause, with so many of its hosts
_FEW_HOSTS = 5  # in so small a fleet the causes and the hosts that cannot send are shown unfolded
_CELLS = (
    ("o", "took the whole dialogue, in this time"),
    ("w", "fails at this stage; another port works"),
    ("x", "fails at this stage; the host cannot send"),
    ("n", "not checked"),
)


def render(fleet: Mapping[str, Any]) -> str:
    """The whole page."""
    style, script = _asset("report.css"), _asset("report.js")
    columns = sorted(PORTS)
    return "".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n',
            f"<title>{headline(fleet['summary'])} – Amazon SES check</title>\n",
            f"<style>{style}</style>\n<script>{script}</script>\n</head>\n<body>\n",
            '<a class="skip" href="#hosts">Skip to the hosts</a>\n',
            _header(fleet),
            "<main>\n",
            _causes(fleet["causes"], len(fleet["hosts"])),
            _accounts(fleet["accounts"]),
            _hosts(fleet, columns),
            "</main>\n</body>\n</html>\n",
        ]
    )


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing is loaded, and nothing runs but the page's own script."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _header(fleet: Mapping[str, Any]) -> str:
    summary = fleet["summary"]
    endpoints = sorted({host["endpoint"] for host in fleet["hosts"] if host["endpoint"]})
    when = fleet["generated_at"]
    shares, start = [], 0.0
    tally = []
    for state in STATES:
        kind = _STATES[state]
        if not summary[state]:
            continue
        width = 1000 * summary[state] / max(summary["hosts"], 1)
        shares.append(f'<rect class="{kind}" x="{start:.1f}" width="{max(width - 3, 1):.1f}"/>')
        start += width
        tally.append(f'<li class="{kind}"><b>{summary[state]:,}</b> {STATE_WORDS[state]}')
    return (
        f'<header>\n<p class="what">Amazon SES check</p>\n<h1>{headline(summary)}</h1>\n'
        f'<p class="when"><time datetime="{when}">{when[:10]} {when[11:16]} UTC</time>'
        f"{''.join(f' <span>{markup(name)}</span>' for name in endpoints[:3])}"
        f"{f' <span>and {len(endpoints) - 3:,} more endpoints</span>' if len(endpoints) > 3 else ''}</p>\n"
        '<svg class="share" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">'
        f'{"".join(shares)}</svg>\n<ul class="tally">{"".join(tally)}</ul>\n</header>\n'
    )


def _causes(causes: list[Mapping[str, Any]], hosts: int) -> str:
    opened = " open" if hosts <= _FEW_HOSTS else ""
    items = "".join(_cause(number, cause, opened) for number, cause in enumerate(causes))
    nothing = "Nothing is wrong on any port of any host." if hosts else "No host of the inventory matched."
    listing = f"<ol>{items}</ol>" if causes else f'<p class="none">{nothing}'
    return f'<section class="causes" aria-labelledby="h-causes"><h2 id="h-causes">Causes</h2>\n{listing}\n</section>\n'


def _cause(number: int, cause: Mapping[str, Any], opened: str) -> str:
    stops = [f"{cause[state]:,} {STATE_WORDS[state]}" for state in FAILING if cause[state]]
    queued = f"{plural(cause['queued'], 'message')} queued" if cause["queued"] else ""
    places = [place for place in (ports_words(cause["ports"]), queued) if place]
    wordings = cause["wordings"]
    gist = (
        wordings[0]["cause"] if len(wordings) == 1 else f"{len(wordings):,} messages, such as: {wordings[0]['cause']}"
    )
    more = sum(len(wording["hosts"]) for wording in wordings[_WORDINGS:])
    words = "".join(_wording(wording, len(wordings) > 1) for wording in wordings[:_WORDINGS])
    words += f"<div class=words><p>Otherwise on {plural(more, 'host')}, as their details say.</div>" if more else ""
    words += "".join(f"<div class=words>{fix}</div>" for fix in _remedies(wordings))
    count = len(cause["hosts"])
    return (
        f'\n<li class="{"bad" if stops else "warn"}">'
        f'<button type="button" class="pick" data-c="{number}" aria-pressed="false">'
        f"<b>{count:,}</b> host{'' if count == 1 else 's'}</button>"
        f'<details{opened}><summary><span class="name">{markup(title(cause["id"]))}</span> '
        f'<span class="where">{markup("; ".join(places))}</span> '
        f'<span class="gist" aria-hidden="true">{markup(gist)}</span> '
        f'<span class="stops">{", ".join(stops) or "warning"}</span></summary>'
        f"{words}</details>"
    )


def _accounts(accounts: list[Mapping[str, Any]]) -> str:
    """The accounts that were asked; nothing where none was."""
    items = "".join(_account(account) for account in accounts)
    return (
        f'<section class="causes" aria-labelledby="h-accounts"><h2 id="h-accounts">Accounts</h2>\n<ol>{items}</ol>\n'
        "</section>\n"
        if accounts
        else ""
    )


def _account(account: Mapping[str, Any]) -> str:
    findings = account["findings"]
    stops = any(item["stops_sending"] for item in findings)
    said = [text for text in (account["message"], quota_words(account)) if text]
    words = "".join(f"<div class=words><p>{markup(text)}</div>" for text in said)
    for item in findings:
        fix = f"<p class=fix>{markup(item['remedy'])} {link(item['source'])}"
        words += f"<div class=words><p><b>{markup(title(item['id']))}</b> {markup(item['cause'])}{fix}</div>"
    count = len(account["hosts"])
    return (
        f'\n<li class="{"bad" if stops else "warn"}">'
        f'<span class="pick"><b>{count:,}</b> host{"" if count == 1 else "s"}</span>'
        f'<details open><summary><span class="name">{markup(account["number"] or "Account")}</span> '
        f'<span class="where">{markup(account["region"] or "no region")}</span> '
        f'<span class="gist">{markup(heading(account))}</span> '
        f'<span class="stops">{"stops mail" if stops else "warning" if findings else "nothing found"}</span></summary>'
        f"{words}</details>"
    )


def _wording(wording: Mapping[str, Any], several: bool) -> str:
    hosts = wording["hosts"]
    names = markup(listed(hosts, _WORDINGS))
    count = f'<p class=where><span class="count">{plural(len(hosts), "host")}</span> {names}' if several else ""
    return f"<div class=words>{count}<p>{markup(wording['cause'])}</div>"


def _remedies(wordings: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Each once: what is worded in many ways is mostly mended in one."""
    remedies = dict.fromkeys((wording["remedy"], wording["source"]) for wording in wordings)
    return (f"<p class=fix>{markup(remedy)} {link(source)}" for remedy, source in list(remedies)[:_WORDINGS])


def _hosts(fleet: Mapping[str, Any], columns: list[int]) -> str:
    numbers = {cause["id"]: number for number, cause in enumerate(fleet["causes"])}
    hosts = sorted(fleet["hosts"], key=lambda host: (_ORDER.index(host["state"]), not host["diagnosis"]))
    bars = Bars.over(fleet["hosts"])
    stages = [stage for stage in STAGES if any(stage in port["timings_ms"] for host in hosts for port in host["ports"])]
    rows = "".join(_row(host, columns, numbers, bars, len(hosts) <= _FEW_HOSTS) for host in hosts)
    heads = [("host", "Host"), *((f"p{port}", str(port)) for port in columns)]
    heads += [("use", "Use"), ("time", "Dialogue"), ("cause", "Cause"), ("queue", "Queue")]
    head = "".join(f'<th scope="col" class="c-{key}">{words}' for key, words in heads)
    return (
        '<section id="hosts" aria-labelledby="h-hosts"><h2 id="h-hosts">Hosts</h2>\n'
        f"{_tools(fleet['summary'])}{_legend(stages)}"
        f'<table class="grid"><caption class="hide">Hosts by ports</caption><thead><tr>{head}</thead>\n{rows}</table>\n'
        '<p class="none" id="nothing" hidden>No host matches. '
        '<button type="button" class="clear">Show all hosts</button></p>\n'
        "</section>\n"
    )


def _tools(summary: Mapping[str, int]) -> str:
    buttons = "".join(
        f'<button type="button" data-s="{state}" aria-pressed="false" class="{_STATES[state]}">'
        f"{title(state)} <b>{summary[state]:,}</b></button>"
        for state in _ORDER
        if summary[state]
    )
    return (
        '<div class="tools"><label class="find"><span class="hide">Filter the hosts by text</span>'
        '<input type="search" id="find" placeholder="Filter: host, cause, reply…" autocomplete="off" '
        'spellcheck="false"></label>'
        f'<div class="states" role="group" aria-label="Show by state">{buttons}</div>'
        '<button type="button" class="clear" id="clear" hidden>Clear the filter</button>'
        f'<p id="shown" role="status">{plural(summary["hosts"], "host")}</p></div>\n'
    )


def _legend(stages: Iterable[str]) -> str:
    cells = "".join(f"<li><i class={kind}></i>{words}" for kind, words in _CELLS)
    colours = "".join(f"<li><i class=s{STAGES.index(stage)}></i>{stage_words(stage)}" for stage in stages)
    return (
        f'<div class="legend"><ul aria-label="Cells">{cells}</ul>'
        f'<ul aria-label="Stages of the dialogue">{colours}</ul></div>\n'
    )


def _row(host: Mapping[str, Any], columns: list[int], numbers: Mapping[str, int], bars: Bars, opened: bool) -> str:
    ports = {port["port"]: port for port in host["ports"]}
    state, kind = host["state"], _STATES[host["state"]]
    causes = [item["id"] for item in host["diagnosis"]]
    used = ports.get(host["recommended_port"] or PREFERRED)
    cells = "".join(_cell(ports.get(port), state) for port in columns)
    use = str(host["recommended_port"]) if host["recommended_port"] else "none" if state == "cannot_send" else "–"
    words, size, worth = queue_words(host)
    indexes = " ".join(str(number) for number in sorted({numbers[identifier] for identifier in causes}))
    marked = f' data-c="{indexes}"' if indexes else ""
    shown = listed([title(identifier) for identifier in dict.fromkeys(causes)], len(causes))
    opened = opened and state != "can_send"
    return (
        f"<tbody class={kind} data-s={state}{marked}>"
        f"<tr><th scope=row>{markup(host['host'])}{cells}<td class=u>{use}"
        f"<td class=t>{dialogue(used, bars) if used else ''}<td class=c>{markup(shown)}"
        f"<td class={'q' if worth else 'm'} data-v={size}>{markup(words)}\n"
        f"<tr class=d><td colspan={len(columns) + 5}><details{' open' if opened else ''}><summary>Details</summary>"
        f"{detail(host)}</details>\n"
    )


def _cell(port: Mapping[str, Any] | None, state: str) -> str:
    if port is None:
        return "<td class=n>–"
    if port["ok"]:
        return f"<td class=o>{milliseconds(total(port['timings_ms']))}"
    return f"<td class={'w' if state in _USABLE else 'x'}>{stage_words(failed_at(port))}"
