# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Postfix leads mail for other domains."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way, host_of
from ansible_collections.mailops.ses.plugins.module_utils._postfix.master_cf import services

# What Postfix is asked for: the values with everything expanded.
PARAMETERS = ("config_directory", "content_filter", "default_transport", "relayhost")
# Delivery agents that hand mail to no server.
_NO_SERVER = {"discard", "error", "hold", "local", "retry", "virtual"}


def of_postfix(values: Mapping[str, str], master_cf: str) -> Way:
    """The way by these values of PARAMETERS; a next hop in default_transport takes precedence over relayhost."""
    transport, _colon, next_hop = values.get("default_transport", "").partition(":")
    options = [found.options.get("content_filter", "") for found in services(master_cf).values()]
    filters = [value.partition(":")[2] for value in (values.get("content_filter", ""), *options)]
    host = None if transport in _NO_SERVER else host_of(next_hop or values.get("relayhost", ""))
    return Way(host, tuple(dict.fromkeys(filter(None, filters))))
