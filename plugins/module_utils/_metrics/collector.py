# SPDX-License-Identifier: GPL-3.0-or-later
"""What the timer runs on a host: look at the queue, and write the metrics for node_exporter.

It is installed with what it imports as one archive, so all of that imports the standard library alone.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from ansible_collections.mailops.ses.plugins.module_utils._metrics.exposition import Relay, exposition
from ansible_collections.mailops.ses.plugins.module_utils._metrics.proofs import proofs, write
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import QueueError, summarize
from ansible_collections.mailops.ses.plugins.module_utils._queue.messages import queue_of

FILE = "ses_relay.prom"
_WARNING = "<4>"  # what systemd reads as the priority of a line


def main(arguments: Sequence[str]) -> None:
    """Write the file into the directory of ARGUMENTS (MTA, ENDPOINT, DIRECTORY); OSError where that fails."""
    mta, endpoint, directory = arguments
    now = time.time()
    queue = None
    try:
        queue = summarize(queue_of(mta), now, endpoint)
    except QueueError as error:
        sys.stderr.write(f"{_WARNING}ses-metrics: {error}\n")
    write(os.path.join(directory, FILE), exposition(Relay(mta, endpoint), queue, proofs(), now))
