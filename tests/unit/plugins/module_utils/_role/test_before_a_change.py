# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that is refused at the last moment has done on the host: nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.previous import PENDING, changing
from ansible_collections.mailops.ses.plugins.module_utils._postfix import configure as postfix
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import Plan as PostfixPlan
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Request as PostfixRequest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import configure as sendmail
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.plan import Plan as SendmailPlan
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import Request as SendmailRequest


class KilledError(BaseException):
    """A kill, after which nothing of the run comes any more."""


class NoLogInError(Exception):
    """What the endpoint says meanwhile."""


def refuse():
    raise NoLogInError


@pytest.fixture
def interrupted(tmp_path):
    """A directory with a change that was killed once its file was written."""
    file = tmp_path / "conf"
    file.write_text("before")

    def change():
        with changing(str(tmp_path), [str(file)]):
            file.write_text("after")
            raise KilledError

    with pytest.raises(KilledError):
        change()
    return tmp_path


def bring_postfix(directory, ready, monkeypatch):
    """Bring Postfix to what it has."""
    texts = {"main.cf": "", "master.cf": ""}
    request = PostfixRequest({}, {}, (), (), str(directory))
    tools = SimpleNamespace(directory=lambda _name: str(directory / "queue"), default=lambda _name: "3.7")
    monkeypatch.setattr(postfix, "make_plan", lambda *_given: PostfixPlan(texts, texts, [], [], request))
    postfix._configure(request, tools, False, str(directory), (), ready=ready)


def bring_sendmail(directory, ready, monkeypatch):
    """Bring Sendmail to what it has."""
    texts = {"sendmail.mc": ""}
    request = SendmailRequest([], {}, (), str(directory), settings_file=str(directory / "settings"))
    monkeypatch.setattr(sendmail, "make_plan", lambda *_given, **_more: SendmailPlan(texts, texts, [], False))
    monkeypatch.setattr(sendmail, "_compile", lambda *_given: "")
    sendmail._configure(request, False, str(directory), None, ready)


@pytest.mark.parametrize("bring", [bring_postfix, bring_sendmail])
def test_a_change_that_was_killed_is_not_proven_by_a_run_that_cannot_log_in(interrupted, bring, monkeypatch):
    with pytest.raises(NoLogInError):
        bring(interrupted, refuse, monkeypatch)
    assert (interrupted / PENDING).exists()
    bring(interrupted, lambda: None, monkeypatch)
    assert not (interrupted / PENDING).exists()
