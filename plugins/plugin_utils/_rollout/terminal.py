# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout prints: the plan, each wave as it begins and ends, and the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import age, listed, plural, visible
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import GOOD, STATES, Look
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Rollout, Wave

NAMES = 8  # of hosts, in a line
TABLE_UP_TO = 30  # hosts; of more those that differ alone are told
_DUE = {
    "install": "installs packages and changes",
    "change": "changes",
    "prove": "changed by an earlier run, to be proven",
    "nothing": "nothing to do",
    "dead": "dead",
    "refused": "cannot be changed",
}


def plan_lines(rollout: Rollout, looks: Mapping[str, Look], connections: int) -> list[str]:
    """The plan: hosts, waves, and the connections that these hosts may open together."""
    counts = {kind: sum(look.kind == kind for look in looks.values()) for kind in _DUE}
    told = ", ".join(f"{count:,} {_DUE[kind]}" for kind, count in counts.items() if count)
    lines = [f"{plural(len(looks), 'host')}: {told}."]
    if rollout.left_out:
        lines.append(f"--limit leaves out {plural(rollout.left_out, 'host')}.")
    if rollout.passed:
        lines.append(f"An earlier run goes on: {plural(rollout.passed, 'wave')} passed.")
    for number, hosts in enumerate(rollout.planned, rollout.passed + 1):
        lines.append(f"Wave {number}: {plural(len(hosts), 'host')}: {listed(hosts, NAMES)}")
    lines.append(
        f"These hosts may open {len(looks) * connections:,} connections to SES together (ses_max_connections "
        f"{connections:,} each)."
    )
    shown = looks if len(looks) <= TABLE_UP_TO else {host: look for host, look in looks.items() if look.kind in _LOST}
    lines += [_row(host, look) for host, look in list(shown.items())[:TABLE_UP_TO]]
    return [visible(line) for line in lines]


_LOST = ("dead", "refused")


def _row(host: str, look: Look) -> str:
    where = ", ".join(filter(None, (look.mta, look.system)))
    return f"  {host}{f' ({where})' if where else ''}: {_DUE[look.kind]}" + (
        f": {look.message}" if look.kind in _LOST else ""
    )


def begin_line(rollout: Rollout, wave: Wave, soak: float) -> str:
    """A wave that begins."""
    good = sum(state in GOOD for state in rollout.states().values())
    return visible(
        f"Wave {wave.number} of {rollout.passed + len(rollout.planned)} begins: {plural(len(wave.hosts), 'host')}: "
        f"{listed(wave.hosts, NAMES)}. {good:,} of {len(rollout.run):,} are done; "
        f"{f'the second look follows after {soak:.0f} s' if soak else 'the second look follows at once'}."
    )


def wave_lines(rollout: Rollout, wave: Wave) -> list[str]:
    """A wave that was judged."""
    states = [rollout.hosts[host].state for host in wave.hosts]
    told = ", ".join(f"{states.count(state):,} {words}" for state, words in STATES.items() if state in states)
    seconds = age(max(1.0, (wave.ended or wave.began) - wave.began))
    lines = [f"Wave {wave.number} {wave.verdict} after {seconds}: {told}."]
    for host in [host for host in wave.hosts if rollout.hosts[host].state not in GOOD][:TABLE_UP_TO]:
        lines.append(f"  {host} {STATES[rollout.hosts[host].state]}: {rollout.hosts[host].message}")
    return [visible(line) for line in lines]


def end_lines(rollout: Rollout, directory: str, more: Sequence[str] = ()) -> list[str]:
    """How the fleet stands."""
    summary = rollout.summary()
    told = ", ".join(f"{summary[state]:,} {words}" for state, words in STATES.items() if summary[state])
    lines = [f"{plural(summary['hosts'], 'host')}: {told or 'none'}.", *more]
    if rollout.remaining():
        lines.append(f"What remains: ansible-playbook {rollout.playbook} --limit @{directory}/remaining.txt")
    lines.append(f"Reports in {directory}: rollout.html, rollout.json, rollout.xml")
    return [visible(line) for line in lines]


def verdict(rollout: Rollout) -> str:
    """Why the run fails: what stopped it, or which hosts are not done; empty where all are."""
    if rollout.message:
        return rollout.message
    left = {
        state: sorted(name for name, found in rollout.states().items() if found == state)
        for state in STATES
        if state not in GOOD
    }
    return " ".join(f"{STATES[state].capitalize()}: {listed(names, NAMES)}." for state, names in left.items() if names)
