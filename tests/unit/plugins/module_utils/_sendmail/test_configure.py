# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial of sendmail.cf reads in place of the host's files; the rest is tested with a real Sendmail."""

from __future__ import annotations

import fcntl

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import configure, tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.configure import _finish, _moved, _queues, _run
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.plan import Plan
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


def fail_with(path, *names):
    """Make a queue, have mail come into it, and fail."""
    with _queues([str(path)]):
        for name in names:
            (path / name).write_text(name)
        raise RuntimeError("late")


def test_mail_of_a_queue_that_goes_again_goes_on_in_the_one_above(tmp_path):
    with pytest.raises(RuntimeError, match="late"):
        fail_with(tmp_path / "bursts", "qfA1", "dfA1", "xfA1", "qfB2", "dfB2")
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {name: name for name in ("qfA1", "dfA1", "xfA1", "qfB2", "dfB2")}


def test_mail_that_is_being_sent_is_left_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(configure, "LOADING_SECONDS", 0.3)
    queue = tmp_path / "bursts"

    with open(tmp_path / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def fail():
            with _queues([str(queue)]):
                (tmp_path / "lock").rename(queue / "qfA1")
                raise OSError(5, "late", "x")

        with pytest.raises(SendmailError, match=f"late; mail is left in {queue}"):
            fail()
    assert [path.name for path in queue.iterdir()] == ["qfA1"]


def test_what_make_wrote_of_its_own_goes_back_where_what_follows_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(configure, "CRONTAB", str(tmp_path / "cron"))
    directory = tmp_path / "mail"
    (directory / "tls").mkdir(parents=True)
    (directory / "Makefile").write_text("old")
    (directory / "Makefile").chmod(0o754)
    before = (directory / "Makefile").stat()

    def make(_directory, _compiled):
        (directory / "Makefile").write_text("with bursts")
        (directory / "Makefile").chmod(0o700)
        (directory / "tls" / "new").write_text("x")
        (tmp_path / "cron").write_text("x")

    def fail():
        (directory / "of another").write_text("x")
        raise SendmailError("late")

    monkeypatch.setattr(configure, "_make", make)
    plan = Plan({"settings": "", "sendmail.mc": ""}, {"settings": "", "sendmail.mc": ""}, [], stale=True)
    with pytest.raises(SendmailError, match="late"):
        _finish(plan, str(directory), "", fail)
    after = (directory / "Makefile").stat()
    assert (directory / "Makefile").read_text() == "old"
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["Makefile", "mail", "of another", "tls"]
