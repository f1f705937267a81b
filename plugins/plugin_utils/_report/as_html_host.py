# SPDX-License-Identifier: GPL-3.0-or-later
"""One host in report.html: the pictures of its dialogues, and its details."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import (
    STAGES,
    age,
    listed,
    markup,
    ordered,
    plural,
    ports_words,
    stage_words,
    title,
    total,
    way_words,
)

_WIDTH = 200  # of a picture, in units of its own
_NARROWEST = 1.2  # a stage that took next to no time is seen as well
_SOON = 21  # days that a certificate is good for


class Bars(NamedTuple):
    """The scale of the pictures beside the hosts: one for all, so that they can be compared."""

    longest: float

    @classmethod
    def over(cls, hosts: Iterable[Mapping[str, Any]]) -> Bars:
        """All but the slowest fiftieth fit; the rest ends at the edge."""
        times = sorted(
            total(port["timings_ms"])
            for host in hosts
            for port in host["ports"]
            if port["ok"] and port["port"] == host["recommended_port"]
        )
        return cls(times[int(len(times) * 0.98)] if len(times) > 50 else times[-1] if times else 1.0)


def dialogue(port: Mapping[str, Any], bars: Bars) -> str:
    """A bar of the stages, in a line, with its numbers for who points at it or listens."""
    stages = ordered(port["timings_ms"], port["tls"])
    said = ", ".join(f"{stage_words(stage)} {ms:.0f}" for stage, ms in stages)
    return _picture([_segments(stages, bars.longest)], f"<title>{markup(said)} ms</title>")


def detail(host: Mapping[str, Any]) -> str:
    """The details of a host: its causes, its timings, and the facts below them."""
    parts = [_why(host), _timings(host["ports"]), f"<dl>{''.join(_facts(host))}</dl>"]
    return f"<div class=host>{''.join(parts)}</div>"


def link(address: str) -> str:
    """A link to a source; empty where the address is no https:// one."""
    if not address.startswith("https://"):
        return ""
    return f'<a href="{markup(address)}" rel=noreferrer>{markup(address[8:].partition("/")[0])}</a>'


def queue_words(host: Mapping[str, Any]) -> tuple[str, int, bool]:
    """The queue in a few words, the number to sort by, and whether it is worth a look."""
    queue = host["queue"]
    if host["queue_error"]:
        return "unreadable", -1, True
    if queue is None:
        return "–", -3, False
    if queue["mta"] is None:
        return "no MTA", -2, False
    oldest = queue["oldest_age_seconds"]
    words = f"{queue['messages']:,}" + (f", {age(oldest)}" if oldest is not None and queue["messages"] else "")
    return words, queue["messages"], bool(queue["reasons"])


def _why(host: Mapping[str, Any]) -> str:
    """Each cause with where it shows and its remedy."""
    items = []
    for item in host["diagnosis"]:
        queued = f"{plural(item['queued'], 'message')} queued" if item["queued"] else ""
        places = "; ".join(place for place in (ports_words(sorted(item["ports"])), queued) if place)
        where = f" <span class=where>{places}</span>" if places else ""
        fix = f"<p class=fix>{markup(item['remedy'])} {link(item['source'])}"
        items.append(f"<li><b>{markup(title(item['id']))}</b>{where}<p>{markup(item['cause'])}{fix}")
    return f"<ul class=why>{''.join(items)}</ul>" if items else ""


def _timings(found: Iterable[Mapping[str, Any]]) -> str:
    ports = sorted(found, key=lambda port: port["port"])
    if not ports:
        return ""
    stages = [stage for stage in STAGES if any(stage in port["timings_ms"] for port in ports)]
    lines = [ordered(port["timings_ms"], port["tls"]) for port in ports]
    # Ports that work set the scale: one that timed out would leave nothing of them to see.
    longest = max((total(port["timings_ms"]) for port in ports if port["ok"]), default=0) or max(
        total(port["timings_ms"]) for port in ports
    )
    picture = f"<td class=b rowspan={len(ports)}>{_picture([_segments(line, longest) for line in lines])}"
    head = "".join(f"<th class=s{STAGES.index(stage)}>{stage_words(stage)}" for stage in stages)
    rows = []
    for number, port in enumerate(ports):
        times = port["timings_ms"]
        cells = "".join(f"<td>{times[stage]:,.0f}" if stage in times else "<td>" for stage in stages)
        mark = "o" if port["ok"] else "x"
        rows.append(f"<tr><th class={mark}>{port['port']}{'' if number else picture}{cells}<td>{total(times):,.0f}")
    top = f"<tr><th>Port<th>Milliseconds by stage{head}<th>total"
    return f"<div class=scroll><table class=ms>{top}{''.join(rows)}</table></div>"


def _segments(stages: Iterable[tuple[str, float]], longest: float) -> dict[int, tuple[float, float]]:
    """Where each stage begins and how wide it is."""
    found, start = {}, 0.0
    for stage, ms in stages:
        width = min(max(_WIDTH * ms / (longest or 1), _NARROWEST), _WIDTH - start)
        if width > 0 and stage in STAGES:
            found[STAGES.index(stage)] = (start, width)
            start += width
    return found


def _picture(bars: list[dict[int, tuple[float, float]]], name: str = "") -> str:
    """One path a stage through all bars: a bar is a thick line."""
    paths = []
    for stage in range(len(STAGES)):
        lines = [
            f"M{_short(line[stage][0])} {4 * number + 2}h{_short(line[stage][1])}"
            for number, line in enumerate(bars)
            if stage in line
        ]
        paths += [f'<path class=s{stage} d="{"".join(lines)}"/>'] if lines else []
    role = "role=img" if name else "aria-hidden=true"
    size = f'viewBox="0 0 {_WIDTH} {4 * len(bars)}" preserveAspectRatio=none'
    return f"<svg class=bars {role} {size}>{name}{''.join(paths)}</svg>"


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _facts(host: Mapping[str, Any]) -> Iterable[str]:
    if host["endpoint"]:
        names = [
            host["endpoint"],
            *([host["canonical_name"]] if host["canonical_name"] not in (None, host["endpoint"]) else []),
        ]
        addresses = f" <span>{markup(listed(host['addresses'], 6))}</span>" if host["addresses"] else ""
        yield f"<dt>Endpoint<dd>{markup(' → '.join(names))}{addresses}"
    several = len(host["certificates"]) > 1
    for certificate in host["certificates"]:
        yield _certificate(certificate, several)
    for words, value_of in (("TLS", _tls), ("Path MTU", lambda port: port["path_mtu"])):
        found = _shared(host["ports"], value_of)
        each = [f"{value} on {ports_words(ports)}" if len(found) > 1 else str(value) for value, ports in found.items()]
        yield f"<dt>{words}<dd>{markup('; '.join(each))}" if each else ""
    for reply, ports in _shared([port for port in host["ports"] if not port["ok"]], _reply).items():
        yield f"<dt>Last reply<dd><samp>{markup(reply)}</samp> <span>on {ports_words(ports)}</span>"
    yield from _queue(host)
    if host["probe"]:
        yield f"<dt>Mail<dd>{markup(host['probe']['message'])}"
    for way in host["fallback"]:
        yield f"<dt>Further way<dd>{markup(way_words(way))}"


def _certificate(certificate: Mapping[str, Any], several: bool) -> str:
    verified = "<em class=o>verified</em>" if certificate["verified"] else "<em class=x>not verified</em>"
    left = certificate["days_left"]
    until = f", until {markup(str(certificate['not_after'])[:10])}"
    days = "" if left is None else f" (<span{' class=soon' if left < _SOON else ''}>{_days(left)}</span>)"
    names = listed([str(name) for name in certificate["names"] or [certificate["subject"]]], 6)
    where = f" on {listed([str(port) for port in certificate['ports']], 9)}" if several else ""
    issued = f"<span>{markup(names)}</span> <span>by {markup(certificate['issuer'])}</span>"
    return f"<dt>Certificate{where}<dd>{verified}{until}{days} {issued}"


def _days(left: int) -> str:
    return f"{plural(left, 'day')} left" if left >= 0 else f"expired {plural(-left, 'day')} ago"


def _tls(port: Mapping[str, Any]) -> str | None:
    return port["tls_version"] and f"{port['tls_version']}, {port['tls_cipher']}"


def _reply(port: Mapping[str, Any]) -> str | None:
    return port["reply"] and f"{port['reply']['code']} {port['reply']['text']}"


def _shared(ports: Iterable[Mapping[str, Any]], value_of: Callable[[Mapping[str, Any]], Any]) -> dict[Any, list[int]]:
    """Each value once, with the ports that share it."""
    found: dict[Any, list[int]] = {}
    for port in ports:
        if value_of(port):
            found.setdefault(value_of(port), []).append(port["port"])
    return found


def _queue(host: Mapping[str, Any]) -> Iterable[str]:
    queue = host["queue"]
    if host["queue_error"]:
        yield f"<dt>Queue<dd>unreadable: {markup(host['queue_error'])}"
    elif queue and queue["mta"]:
        states = ", ".join(f"{count:,} {state}" for state, count in queue["states"].items() if count)
        oldest = queue["oldest_age_seconds"]
        since = f"; the oldest for {age(oldest)}" if oldest is not None and queue["messages"] else ""
        said = f"{plural(queue['messages'], 'message')}{f' ({states})' if states else ''}{since}, {queue['mta']}"
        reasons = "".join(
            f"<li>{reason['count'] or 0:,} × <samp>{markup(reason['text'])}</samp>" for reason in queue["reasons"]
        )
        yield f"<dt>Queue<dd>{markup(said)}{f'<ul>{reasons}</ul>' if reasons else ''}"
