# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial of sendmail.cf reads in place of the host's files; the rest is tested with a real Sendmail."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import configure, tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.configure import _moved, _run
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError


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


@pytest.fixture
def unit(monkeypatch):
    """A unit whose script reports success whatever it does, and when its daemon says that it has loaded its files."""
    monkeypatch.setattr(configure, "LOADING_SECONDS", 0.3)

    def unit(loaded, offline=False, status=0):
        monkeypatch.setattr(tools, "loaded_at", lambda _cf: loaded)
        return Unit("sendmail", lambda argv: (0 if "is-active" in argv else status, "", "no"), offline)

    return unit


def test_a_daemon_that_has_loaded_its_configuration_is_done(unit):
    _run(unit({"loaded": float("inf")}), ["restart"], "")
    _run(unit(None), [], "")
    _run(unit(None, offline=True), ["enable"], "")


@pytest.mark.parametrize("loaded", [None, {"loaded": 1.0}])
def test_one_that_has_not_is_a_failure_whatever_its_script_says(unit, loaded):
    with pytest.raises(SendmailError, match=r"the host keeps what it had: sendmail did not load its configuration"):
        _run(unit(loaded), ["restart"], "")


def test_a_verb_that_fails_is_told(unit):
    with pytest.raises(SendmailError, match=r"the host keeps what it had: systemctl restart sendmail failed: no"):
        _run(unit(None, status=1), ["restart"], "")
