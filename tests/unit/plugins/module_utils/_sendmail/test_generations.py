# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file a table's rows are in, and which generations are there."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import generations

PATH = "/etc/mail/ses_authinfo"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"Kses_authinfo hash -o {PATH}.db", [0]),
        (f"`Kses_authinfo hash -o {PATH}.12.db'", [12]),
        (f"O AliasFile=text:-k0 -v1 {PATH}.3\nO AliasFile=text:{PATH}", [3, 0]),
        (f"K hash {PATH}.1\nK hash {PATH}.1", [1]),
        (f"K hash {PATH}_other\nK hash {PATH}.old\nK hash /chroot{PATH}\nK hash {PATH}/1", []),
    ],
)
def test_the_generations_that_a_text_names(text, found):
    assert generations.numbers(PATH, [text]) == found


@pytest.mark.parametrize(
    ("named", "there", "held", "chosen"),
    [
        ([], [], {}, 0),  # a fresh host
        ([], ["t.4.db"], {}, 0),  # which a first run that was killed has left
        ([0], ["t.db"], {0: True}, 0),  # nothing changes
        ([0], ["t.db"], {0: False}, 1),
        ([7], ["t.7.db", "t.6.db"], {7: False}, 8),
        ([7], ["t.7.db", "t.9.db"], {7: False}, 10),  # no name is used twice while it may be in use
        ([7, 8], ["t.7.db", "t.8.db"], {7: False, 8: True}, 8),  # killed between the two files
        ([7], [], {}, 7),  # lost: built anew where it is looked for
    ],
)
def test_the_generation_for_some_rows(tmp_path, named, there, held, chosen):
    for name in there:
        (tmp_path / name).touch()
    path = str(tmp_path / "t")
    texts = [f"K hash {generations.named(path, number)}.db" for number in named]
    by_path = {generations.named(path, number): holds for number, holds in held.items()}
    assert generations.choose(path, texts, by_path.get) == chosen


def test_the_files_of_a_tables_generations(tmp_path):
    for name in ("t", "t.db", "t.2.db", "t.10", "t.x.db", "tt.db", "t.2.db.new"):
        (tmp_path / name).touch()
    found = {path.rpartition("/")[2]: number for path, number in generations.files(str(tmp_path / "t")).items()}
    assert found == {"t": 0, "t.db": 0, "t.2.db": 2, "t.10": 10}
