# SPDX-License-Identifier: GPL-3.0-or-later
"""rollout.html: the fleet and its waves on one page that loads nothing and needs no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.mailops.ses.plugins.plugin_utils._report.as_html_host import link
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import age, listed, markup, plural, title
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import GOOD, STATES
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Host, Rollout, Wave

_STYLE = Path(__file__).parents[1] / "_report" / "report.css"
# The class of a state, in the order of the hosts.
_CLASSES = {
    "broken": "bad",
    "unproven": "bad",
    "rolled_back": "bad",
    "dead": "dead",
    "not_reached": "part",
    "done": "good",
    "unchanged": "good",
}
_HEADLINES = {
    "planned": "The rollout is planned",
    "running": "The rollout is under way",
    "passed": "The rollout has passed",
    "incomplete": "The rollout has passed, without the hosts that it lost",
    "failed": "The rollout has failed",
    "inconclusive": "The rollout has stopped: it cannot be told whether the change is at fault",
    "stopped": "The rollout was stopped",
}
_NAMES = 12  # of a wave's hosts


def render(rollout: Rollout) -> str:
    """The whole page."""
    style = _STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = _HEADLINES[rollout.status]
    return "".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n',
            f"<title>{head} – Amazon SES rollout</title>\n<style>{style}</style>\n</head>\n<body>\n",
            _header(rollout, head),
            "<main>\n",
            _waves(rollout),
            _hosts(rollout),
            "</main>\n</body>\n</html>\n",
        ]
    )


def _header(rollout: Rollout, head: str) -> str:
    summary = rollout.summary()
    tally = "".join(
        f'<li class="{kind}"><b>{summary[state]:,}</b> {STATES[state]}'
        for state, kind in _CLASSES.items()
        if summary[state]
    )
    why = f"<p>{markup(rollout.message)}" if rollout.message else ""
    return (
        f'<header>\n<p class="what">Amazon SES rollout, {markup(rollout.playbook)}</p>\n<h1>{head}</h1>\n'
        f'<p class="when"><span>{_time(rollout.updated)}</span> <span>begun {_time(rollout.started)}</span></p>\n'
        f'{why}<ul class="tally">{tally}</ul>\n</header>\n'
    )


def _waves(rollout: Rollout) -> str:
    begun = {tuple(wave.hosts) for wave in rollout.waves}
    items = [_wave(wave) for wave in rollout.waves]
    waiting = [hosts for hosts in rollout.planned if tuple(hosts) not in begun]
    items += [_item("–", "Not begun", hosts, "", "warn") for hosts in waiting]
    listing = f"<ol>{''.join(items)}</ol>" if items else '<p class="none">No wave was needed.'
    return f'<section class="causes" aria-labelledby="h-waves"><h2 id="h-waves">Waves</h2>\n{listing}\n</section>\n'


def _wave(wave: Wave) -> str:
    took = f" after {age(max(1.0, wave.ended - wave.began))}" if wave.ended else ""
    kind = "warn" if wave.verdict in ("passed", "") else "bad"
    return _item(str(wave.number), f"{title(wave.verdict or 'not_judged')}{took}", wave.hosts, wave.message, kind)


def _item(number: str, words: str, hosts: list[str], message: str, kind: str) -> str:
    told = f"<p>{markup(message)}" if message else ""
    return (
        f'\n<li class="{kind}"><span class="pick"><b>{number}</b></span>'
        f'<div class=words><p><span class="name">{markup(words)}</span> '
        f'<span class="where">{plural(len(hosts), "host")}: {markup(listed(hosts, _NAMES))}</span>{told}</div>'
    )


def _hosts(rollout: Rollout) -> str:
    order = list(_CLASSES)
    hosts = sorted(rollout.hosts.items(), key=lambda item: (order.index(item[1].state), item[1].wave or 0, item[0]))
    rows = "".join(_row(name, host) for name, host in hosts)
    heads = "".join(f'<th scope="col" class="c-{key}">{words}' for key, words in _HEADS)
    return (
        '<section id="hosts" aria-labelledby="h-hosts"><h2 id="h-hosts">Hosts</h2>\n'
        f'<table class="grid"><caption class="hide">Hosts by states</caption><thead><tr>{heads}</thead>\n{rows}'
        "</table>\n</section>\n"
    )


_HEADS = (("host", "Host"), ("use", "Wave"), ("time", "MTA"), ("queue", "System"), ("cause", "State"))


def _row(name: str, host: Host) -> str:
    wave = str(host.wave) if host.wave else "–"
    words = STATES[host.state]
    return (
        f"<tbody class={_CLASSES[host.state]} data-s={host.state}><tr><th scope=row>{markup(name)}<td class=u>{wave}"
        f"<td>{markup(host.mta)}<td>{markup(host.system)}<td class=c>{words}\n{_details(host)}"
    )


def _details(host: Host) -> str:
    if host.state in GOOD or not host.message:
        return ""
    causes = "".join(_causes(host))
    return (
        f"<tr class=d><td colspan={len(_HEADS)}><details open><summary>Details</summary><div class=host>"
        f"<p>{markup(host.message)}<ul class=why>{causes}</ul></div></details>\n"
    )


def _causes(host: Host) -> Iterable[str]:
    for cause in host.causes:
        fix = f"<p class=fix>{markup(cause['remedy'])} {link(cause['source'])}"
        yield f"<li><b>{markup(title(cause['id']))}</b><p>{markup(cause['cause'])}{fix}"


def _time(seconds: float) -> str:
    when = datetime.fromtimestamp(seconds, timezone.utc)
    return f'<time datetime="{when.strftime("%Y-%m-%dT%H:%M:%SZ")}">{when.strftime("%Y-%m-%d %H:%M")} UTC</time>'
