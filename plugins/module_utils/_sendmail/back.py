# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: a plan that makes the files what they were before the last change."""

from __future__ import annotations

import os
import re

from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.previous import as_now, previous
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.plan import (
    CF,
    CONF,
    MC,
    SUBMIT_CF,
    SUBMIT_MC,
    Plan,
    path_of,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError


def plan_back(request: Request) -> Plan:
    """Everything as it was before the last change; SendmailError where nothing is known of that. Tables with
    generations are still where that configuration names them."""
    kept = previous(request.directory)
    if not kept:
        raise SendmailError(
            f"state: {request.directory} has no previous configuration: this module keeps what its changes replace, "
            "and has changed nothing here yet"
        )
    paths = {os.path.realpath(path_of(name, request)): name for name in (MC, CONF, SUBMIT_MC)}
    made = {os.path.realpath(path_of(name, request)) for name in (CF, SUBMIT_CF)}  # which follow from those
    before = {name: text_of(path) or "" for path, name in paths.items()}
    files = {path: file for path, file in kept.items() if path not in paths and path not in made}
    after = {
        name: file.content.decode("utf-8", "surrogateescape") if (file := kept.get(path)) else before[name]
        for path, name in paths.items()
    }
    for table in re.findall(r"^`?K\S+ hash .*?(/\S+\.db)", after[MC], re.MULTILINE):
        if not os.path.exists(table) and table not in kept:
            raise SendmailError(f"state: the previous configuration names {table}, which is not there any more")
    now = as_now(files)
    changed = {
        path: file
        for path, file in files.items()
        if (file and file.content) != ((there := now[path]) and there.content)
    }
    return Plan(before, after, [], stale=False, files=changed)
