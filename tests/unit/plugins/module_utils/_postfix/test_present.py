# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's Postfix is read by, without Postfix; the rest is tested in molecule/existing_hosts."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix import present
from ansible_collections.mailops.ses.plugins.module_utils._postfix.present import RefusedError, read, table_rows


def test_a_value_that_postconf_shows_and_postfix_refuses_is_refused(tmp_path, monkeypatch):
    (tmp_path / "main.cf").write_text("message_size_limit = abc\n")
    monkeypatch.setattr(present.shutil, "which", lambda name, path: f"/usr/sbin/{name}")

    def execute(argv):
        if argv[0].endswith("postconf"):
            return 0, "message_size_limit = abc\n", ""
        return 1, "", "postmap: fatal: bad numerical configuration: message_size_limit = abc\n"

    with pytest.raises(RefusedError, match="^bad numerical configuration: message_size_limit = abc$"):
        read(execute, str(tmp_path))


def test_what_mydestination_names_on_most_hosts_is_asked_for():
    assert {"mydomain", "myhostname"} <= set(present.EXPANDED)


@pytest.mark.parametrize("before", ["", "proxy:"])
def test_an_inline_table_is_its_own_source(before):
    rows = table_rows(before + "inline:{ one.test=:[hub], {two.test = smtp:[hub]:25} }")
    assert rows == {"one.test": ":[hub]", "two.test": "smtp:[hub]:25"}
    assert table_rows("mysql:/etc/postfix/a.cf") is None
