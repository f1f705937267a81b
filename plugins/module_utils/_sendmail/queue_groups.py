# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail's queues: few connections for a burst of mail, and a way past the burst for other mail.

A queue run is a process with a connection of its own. The run takes a list of what waits and works through it, skipping
what another run has at hand; a mail that comes later is on no list before another run begins. So a mail that finds the
queue busy goes to a second queue, for bursts. A mail that comes when the first queue has emptied again does not wait
behind the burst.
"""

from __future__ import annotations

QUEUE = "/var/spool/mqueue"
BURSTS = "bursts"
BURST_QUEUE = f"{QUEUE}/{BURSTS}"  # within the first queue's, where Sendmail wants it
INTERVAL = 2  # seconds between two runs of the first queue: as long as a mail may wait for one
BURST_INTERVAL = 4
BUSY = 15  # files in the first queue, two a mail and the directory itself: seven mails go out between two runs
# Of our own, since the distribution's `macro` and `arith` come with features that a host may not have; no check of a
# configuration tells that a rule's map is missing, and each mail would be refused.
RULE_MAPS = ["Kses_compare arith", "Kses_macro macro"]
# Sendmail itself has no measure of its queue's length, so a ruleset asks for it, once a mail that is handed over.
QUEUE_MAPS = [f"Kses_files program /usr/bin/du --inodes -s --exclude={BURSTS}", *RULE_MAPS]
_CHOSEN = "ses_queue"
# The ruleset queuegroup: which queue a mail goes to, asked for each recipient and decided at the first.
QUEUE_RULES = [
    ["$*", f"$: $&{{{_CHOSEN}}}"],
    ["$+", "$# $1"],
    # Only mail that comes in: a queue run asks as well, and nothing moves then.
    ["$*", "$: $&{client_addr}"],
    ["$@", "$@ none"],
    ["$*", f"$: $(ses_files {QUEUE} $)"],
    ["$- $*", f"$: $(ses_compare l $@ $1 $@ {BUSY} $)"],
    ["FALSE", f"$: {BURSTS}"],
    ["TRUE", "$: mqueue"],
    ["$-", f"$: $(ses_macro {{{_CHOSEN}}} $@ $1 $) $1"],
    ["$-", "$# $1"],
]


def queue_groups(max_connections: int) -> list[list[str]]:
    """Arguments of QUEUE_GROUP: each run is one process (R=1), and MaxQueueChildren bounds the runs of both."""
    # Of n runs at work, each has a list of J mails that n share, and so ends after J / n; a new one begins every
    # interval. With J growing as the square of the connections, the burst settles at about 0.6 of them (at 100 ms and
    # 2 mails a second), whatever their number: the rest stays for what comes meanwhile, and a connection has 50 mails.
    longest = max(50, max_connections**2 * 16 // 5)
    return [
        ["mqueue", f"P={QUEUE}, R=1, I={INTERVAL}s"],
        [BURSTS, f"P={BURST_QUEUE}, R=1, J={longest}, I={BURST_INTERVAL}s"],
    ]
