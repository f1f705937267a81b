# SPDX-License-Identifier: GPL-3.0-or-later
"""The MTA's part of a role. The other MTA's code is not loaded: a host compiles every file that is, at each run."""

from __future__ import annotations

from typing import Any


def part_of(mta: str) -> Any:
    """The module on_postfix, or on_sendmail, which has the same names."""
    if mta == "postfix":
        from ansible_collections.mailops.ses.plugins.module_utils._role import on_postfix  # noqa: PLC0415  (see above)

        return on_postfix
    from ansible_collections.mailops.ses.plugins.module_utils._role import on_sendmail  # noqa: PLC0415  (see above)

    return on_sendmail
