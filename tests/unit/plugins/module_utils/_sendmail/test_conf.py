# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables with which Debian's scripts and Red Hat's units start the daemons."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.conf import set_values, values

TEXT = '# MSP_MODE="None";\nMSP_MODE="Cron";\nMSP_INTERVAL="20m";\n'


def test_values_are_read_without_quotes():
    assert values(TEXT) == {"MSP_MODE": "Cron", "MSP_INTERVAL": "20m"}


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        ({"MSP_MODE": "Cron"}, TEXT),
        ({"MSP_MODE": "Daemon"}, TEXT.replace("Cron", "Daemon")),
        ({"MISC_PARMS": ""}, TEXT + 'MISC_PARMS="";\n'),
    ],
)
def test_variables_change_in_place_and_nothing_else_does(wanted, after):
    assert set_values(TEXT, wanted) == after
    assert set_values(after, wanted) == after


@pytest.mark.parametrize("text", ['SENDMAIL_OPTS="-q1h"\n', "# nothing;\n"])
def test_no_semicolon_where_systemd_reads_the_file(text):
    after = set_values(text, {"SENDMAIL_OPTS": "-q1m"})
    assert after.endswith('SENDMAIL_OPTS="-q1m"\n')
    assert set_values(after, {"SENDMAIL_OPTS": "-q1m"}) == after
