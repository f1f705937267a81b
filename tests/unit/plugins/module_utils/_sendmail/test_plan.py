# SPDX-License-Identifier: GPL-3.0-or-later
"""What sendmail_config compares: texts, rows and indexes."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.configure import _due
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.plan import (
    CF,
    CONF,
    MC,
    Plan,
    look,
    make_plan,
    rows,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import Request, Table
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError

SECRET = Table("authinfo", "hash", {"AuthInfo:a": "x"}, True)
PLAIN = Table("access", "hash", {"Connect:a": "RELAY"}, False)


def test_rows_are_what_makemap_reads():
    assert rows("# c\n\nA:b  x y\na:B z\n") == {"a:b": "x y"}


@pytest.fixture
def index(monkeypatch):
    """What the host's indexes hold."""
    held: dict[str, dict[str, str] | None] = {}
    monkeypatch.setattr(tools, "index", lambda path: held.get(path.rpartition("/")[2]))
    return held


@pytest.mark.parametrize(("held", "build"), [(None, True), ({"authinfo:a": "x"}, False), ({"authinfo:a": "y"}, True)])
def test_an_index_is_built_where_it_holds_something_else(tmp_path, index, held, build):
    index["authinfo"] = held
    plan = look(SECRET, str(tmp_path), True)
    assert plan.build is build
    assert not plan.write


def test_a_secrets_source_goes_and_its_value_does_not_show(tmp_path, index):
    (tmp_path / "authinfo").write_text("AuthInfo: old\n")
    plan = look(SECRET, str(tmp_path), True)
    assert plan.remove == (str(tmp_path / "authinfo"),)
    assert "old" not in str(plan.diff())
    assert "x" not in plan.diff()["after"].replace(str(tmp_path), "").split()


def test_another_tables_rows_are_kept(tmp_path, index):
    (tmp_path / "access").write_text("Connect:127 RELAY\n")
    plan = look(PLAIN, str(tmp_path), True)
    assert plan.write
    assert rows(plan.after) == {"connect:127": "RELAY", "connect:a": "RELAY"}


def test_settings_need_a_place(tmp_path):
    (tmp_path / "sendmail.mc").write_text("nothing\n")
    with pytest.raises(SendmailError, match="MAILER_DEFINITIONS"):
        make_plan(Request([], {}, (), str(tmp_path)), installed=True)


def test_a_queue_that_is_not_there_is_a_change(tmp_path):
    (tmp_path / "sendmail.mc").write_text("MAILER_DEFINITIONS\n")
    (tmp_path / "there").mkdir()
    queues = tuple(str(tmp_path / name) for name in ("there", "missing"))
    plan = make_plan(Request([], {}, (), str(tmp_path), queues), installed=True)
    assert plan.queues == queues[1:]
    assert plan.changed


@pytest.mark.parametrize(
    ("conf", "stale", "missed", "action"),
    [
        ("a", False, "none", "none"),
        ("a", True, "none", "reload"),
        ("b", False, "none", "restart"),
        ("a", False, "reload", "reload"),
        ("a", True, "restart", "restart"),
    ],
)
def test_what_is_due_on_the_daemon(conf, stale, missed, action):
    plan = Plan({MC: "", CONF: "a"}, {MC: "", CONF: conf}, [], stale)
    assert _due(plan, missed)["action"] == action
    assert (CF in plan.changed_files) is stale


EARLIER = Table("ses_authinfo", "hash", {"AuthInfo:a": "x"}, True, replaces="authinfo")


@pytest.mark.parametrize(
    ("held", "source", "rest", "goes"),
    [
        ({"authinfo:a": "old"}, False, "", True),
        ({"authinfo:a": "old", "authinfo:partner": "theirs"}, False, "", False),
        ({"authinfo:a": "old"}, True, "", False),
        ({"authinfo:a": "old"}, False, "FEATURE(`authinfo')dnl\n", False),
        ({"authinfo:a": "old"}, False, "dnl FEATURE(`authinfo')\n", True),
        (None, False, "", False),
    ],
)
def test_an_earlier_table_goes_where_it_is_ours_alone(tmp_path, index, held, source, rest, goes):
    index["authinfo"] = held
    if source:
        (tmp_path / "authinfo").write_text("x")
    plan = look(EARLIER, str(tmp_path), True, rest)
    assert plan.outdated == ((str(tmp_path / "authinfo.db"),) if goes else ())


def request(directory, value, aliases="root"):
    """A relay whose block names both of its own tables, and not `access`."""
    lines = [f"Kses hash -o {directory}/ses_authinfo.db", f"O AliasFile=text:{directory}/ses_aliases"]
    tables = (
        Table("ses_authinfo", "hash", {"AuthInfo:a": value}, True),
        Table("ses_aliases", "text", {"b": aliases}, False),
        PLAIN,
    )
    return Request(lines, {}, tables, str(directory), submission=("define(`A', `1')dnl",))


def names(plan):
    return [table.path.rpartition("/")[2] for table in plan.tables]


def test_a_change_of_rows_is_a_file_of_another_name(tmp_path, index):
    """What the daemon has in its memory keeps its table; the same rows keep the name."""
    (tmp_path / "sendmail.mc").write_text("MAILER_DEFINITIONS\n")
    (tmp_path / "ses_aliases").write_text("# x\n")
    first = make_plan(request(tmp_path, "x"), installed=True)
    assert names(first) == ["ses_authinfo", "ses_aliases", "access"]
    (tmp_path / "sendmail.mc").write_text(first.after[MC])
    (tmp_path / "ses_aliases").write_text(first.tables[1].after)
    index["ses_authinfo"] = {"authinfo:a": "x"}
    same = make_plan(request(tmp_path, "x"), installed=True)
    assert names(same) == names(first)
    assert same.before[MC] == same.after[MC]
    assert not same.tables[0].changed
    other = make_plan(request(tmp_path, "y", "dave"), installed=True)
    assert names(other) == ["ses_authinfo.1", "ses_aliases.1", "access"]
    assert f"Kses hash -o {tmp_path}/ses_authinfo.1.db" in other.after[MC]
    assert f"O AliasFile=text:{tmp_path}/ses_aliases.1" in other.after[MC]
    assert "(changed)" in other.tables[0].diff()["after"]


def test_a_table_that_others_read_too_keeps_its_name(tmp_path, index):
    (tmp_path / "sendmail.mc").write_text("FEATURE(`access_db')\nMAILER_DEFINITIONS\n")
    index["access"] = {"connect:a": "OK"}
    plan = look(PLAIN, str(tmp_path), True)
    assert (plan.path, plan.generations) == (str(tmp_path / "access"), False)


def test_submit_mc_gets_a_block_at_its_end_and_only_where_it_is(tmp_path, index):
    (tmp_path / "sendmail.mc").write_text("MAILER_DEFINITIONS\n")
    assert make_plan(request(tmp_path, "x"), installed=True).after["submit.mc"] == ""
    (tmp_path / "submit.mc").write_text("FEATURE(`msp')dnl\n")
    after = make_plan(request(tmp_path, "x"), installed=True).after["submit.mc"]
    assert after.startswith("FEATURE(`msp')dnl\ndnl # BEGIN")
    (tmp_path / "submit.mc").write_text(after)
    assert make_plan(request(tmp_path, "x"), installed=True).after["submit.mc"] == after


def test_what_a_cf_is_made_of_comes_before_it():
    """A run that is killed between the two leaves make something to build, and it builds the new one."""
    after = {MC: "a", CONF: "a", "submit.mc": "a"}
    plan = Plan({}, after, [], stale=True, stale_submission=True)
    assert plan.changed_files == [CONF, "submit.mc", "submit.cf", MC, CF]
