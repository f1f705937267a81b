# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial of sendmail.cf reads in place of the host's files; the rest is tested with a real Sendmail."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail_configure import _moved


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ("Kaccess hash /etc/mail/access", "Kaccess hash /tmp/x/access"),
        ("Kaccess hash -o /etc/mail/access.db", "Kaccess hash -o /tmp/x/access.db"),
        ("O A=/etc/mail/access, B", "O A=/tmp/x/access, B"),
        ("Kother hash /etc/mail/access_other", None),
        ("Kother hash /etc/mail/access.other", None),
        ("Kother hash /etc/mail/access/other", None),
    ],
)
def test_a_path_is_replaced_as_a_whole(line, moved):
    assert _moved(f"{line}\nO C=d\n", "/etc/mail/access", "/tmp/x/access") == f"{moved or line}\nO C=d\n"
