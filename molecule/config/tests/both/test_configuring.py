# SPDX-License-Identifier: GPL-3.0-or-later
"""What postfix_config and sendmail_config promise alike, on the real MTA of each host of the testbed."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
from hosts import OTHER, PASSWORD, Host
from testbed.mode_trace import modes

OTHERS_WRITE = 0o022
PRIVATE = "root:root 600"


def changed(result: dict[str, Any]) -> bool:
    assert "failed" not in result, result["failed"]
    return bool(result["changed"])


def settled(host: Host) -> bool:
    """Whether the wanted state is there, whole and alone."""
    assert host.sampled() == host.sample[1]
    assert PASSWORD in host.secrets()
    assert host.mode(host.secret_file) == PRIVATE
    assert host.leftovers() == []
    return not changed(host.configure(**host.wanted))


def test_second_run_changes_nothing(running: Host) -> None:
    first = running.configure(**running.wanted)
    assert changed(first)
    assert first["action"] == "reload"
    running.load(**running.wanted)
    before = running.state()
    second = running.configure(**running.wanted)
    assert (second["changed"], second["action"], second["diff"]) == (False, "none", [])
    assert not changed(running.configure(check=True, **running.wanted))
    assert running.state() == before


def test_reload_that_never_came_is_still_due(running: Host) -> None:
    running.configure(**running.wanted)
    missed = running.configure(**running.wanted)
    assert missed["changed"] is False
    # Where there is no /etc/cron.d, Debian's make writes Sendmail's settings anew, and then it cannot be told.
    assert missed["action"] in ("reload", "restart")
    running.load(**running.wanted)
    assert running.configure(**running.wanted)["action"] == "none"
    for _ in range(2):
        assert running.configure(**running.needs_restart)["action"] == "restart"


def test_check_mode_predicts_and_writes_nothing(host: Host) -> None:
    before = host.state()
    predicted = host.configure(check=True, **host.wanted)
    assert host.state() == before
    assert predicted == host.configure(**host.wanted)


def test_secret_is_in_one_private_file_and_shows_nowhere(host: Host) -> None:
    name = host.credentials()["name"]
    host.put(name, "left behind\n")
    host.shell(f"chmod 644 {host.directory}/{name}")
    result = host.configure(**host.wanted)
    assert changed(result)
    found = host.shell(f"grep -rl {PASSWORD} /etc /tmp /var /root /run").split()
    assert found == [f"{host.directory}/{host.secret_file}"]
    assert host.mode(host.secret_file) == PRIVATE
    assert PASSWORD not in json.dumps(result)
    assert PASSWORD in host.secrets()
    assert host.leftovers() == []


def test_changed_password(host: Host) -> None:
    host.configure(**host.wanted)
    _, *tables = host.wanted["tables"]
    result = host.configure(**{**host.wanted, "tables": [host.credentials(OTHER), *tables]})
    assert [table["rebuilt"] for table in result["tables"]] == [True] + [False] * len(tables)
    assert OTHER in host.secrets()
    assert PASSWORD not in host.secrets()
    assert any("(changed)" in item.get("after", "") for item in result["diff"])
    assert "L0ng" not in json.dumps(result)


def test_no_arguments_of_a_process_have_the_secret_and_no_file_is_open_to_others(host: Host) -> None:
    calls = host.traced(*host.driver, stdin=host.job(**host.wanted))
    executed = [line for line in calls if " execve(" in line]
    assert all([line for line in executed if f'{tool}"' in line] for tool in host.tools)
    assert not [line for line in executed if "L0ng" in line]
    seen = list(modes(calls))
    assert (f"{host.directory}/{host.secret_file}", 0o600) in seen
    assert not {(path, oct(mode)) for path, mode in seen if mode & OTHERS_WRITE and not path.startswith("/dev/")}
    secret = f"{host.directory}/{host.credentials()['name']}"
    assert not {(path, oct(mode)) for path, mode in seen if path.startswith(secret) and mode != 0o600}


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("chmod 666 {file}; echo >> {file}; chmod 644 {file}", ["0o666", "0o644"]),
        ("cp {file} {file}.new; chmod 644 {file}.new; mv {file}.new {file}", ["0o644"]),
        ("umask 077; echo > {file}.new; mv {file}.new {file}", ["0o600"]),
        ("cd {directory} && echo > new && mv new {name}", ["0o666"]),
        ("mkdir -m 700 {file}.d; echo > {file}.d/new; mv {file}.d/new {file}", ["0o666"]),
        ("mkdir -m 755 {file}.d; echo > {file}.d/new; chmod 600 {file}.d/new; mv {file}.d/new {file}", ["0o600"]),
    ],
)
def test_that_look_sees_what_is_open_for_a_moment(host: Host, script: str, seen: list[str]) -> None:
    """The first is what AWS's page does to sendmail.cf."""
    name = host.settings[-1]
    file = f"{host.directory}/{name}"
    calls = host.traced("sh", "-c", script.format(file=file, directory=host.directory, name=name))
    found = [(path, oct(mode)) for path, mode in modes(calls)]
    assert list(dict.fromkeys(mode for path, mode in found if path == file)) == seen
    assert ((f"{file}.d/new", "0o666") in found) == ("-m 755" in script)


DAMAGE = {
    "index lost": "rm {table}.db",
    "index of another content": "echo '@else y@example.com' > other; {foreign_index}",
    "index broken": "echo junk > {table}.db",
    "source edited": "{edit}",
    "source lost": "rm {table}",
    "secret lost": "rm {secret}",
    "secret broken": "echo junk > {secret}",
    "secret readable": "chmod 644 {secret}",
    "secret of another owner": "chown nobody {secret}",
    "what the MTA reads is broken": "{main_damage}",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_was_lost_or_damaged_is_made_whole(host: Host, damage: str) -> None:
    host.configure(**host.wanted)
    words = {name: getattr(host, name) for name in ("table", "foreign_index", "edit", "main_damage")}
    host.shell(f"cd {host.directory}; " + DAMAGE[damage].format(secret=host.secret_file, **words))
    predicted = host.configure(check=True, **host.wanted)
    result = host.configure(**host.wanted)
    assert changed(result)
    assert {**predicted, "warnings": []} == {**result, "warnings": []}
    assert settled(host)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("what", ["a setting", "an option", "a map"])
def test_what_the_mta_does_not_know_changes_nothing(host: Host, what: str, check: bool) -> None:
    params, words = host.refused[what]
    before = host.state()
    result = host.configure(check=check, **{**host.wanted, **params, "tables": [host.credentials()]})
    assert words in result["failed"]
    assert "/tmp/" not in result["failed"]
    assert host.state() == before


def test_a_senseless_configuration_of_the_host_is_told_in_the_mtas_words(host: Host) -> None:
    host.shell(f"cd {host.directory}; {host.broken}")
    before = host.state()
    assert host.broken_words in host.configure(**host.wanted)["failed"]
    assert host.state() == before


def test_owner_mode_and_link_stay(host: Host) -> None:
    for name in host.settings:
        host.shell(
            f"cd {host.directory}; mkdir -p /srv/mta; mv {name} /srv/mta; ln -s /srv/mta/{name} {name}; "
            f"chown games:mail /srv/mta/{name}; chmod 640 /srv/mta/{name}"
        )
    assert changed(host.configure(**host.wanted))
    for name in host.settings:
        file = f"/srv/mta/{name}"
        assert host.run("readlink", f"{host.directory}/{name}").strip() == file
        assert host.shell(f"stat -c '%U:%G %a' {file}").strip() == "games:mail 640"
    assert sorted(host.run("ls", "-A", "/srv/mta").split()) == sorted(host.settings)
    host.shell("rm -rf /srv/mta")


@pytest.mark.parametrize("step", [1, 2, 3])
def test_what_a_killed_run_left_is_made_good_by_the_next(host: Host, step: int) -> None:
    """It is killed before its first, second or third file comes into its place."""
    host.disturbed(f"signal=KILL:when={step}", **host.wanted)
    assert len(host.leftovers()) > 0
    searched = f"grep -rl {PASSWORD} {host.directory} || true"  # 1 where no file holds it, which the next line judges
    found = host.shell(searched).split()
    assert found or step == 1  # before what is there was kept
    assert {host.mode(path.removeprefix(f"{host.directory}/")) for path in found} <= {PRIVATE}
    assert changed(host.configure(**host.wanted))
    assert settled(host)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_file_that_cannot_come_into_its_place_changes_nothing(host: Host, step: int) -> None:
    before = host.state()
    said = host.disturbed(f"error=ENOSPC:when={step}", **host.wanted)
    assert "the host keeps what it had: No space left on device" in json.loads(said)["failed"]
    assert host.state() == before


def test_runs_at_the_same_time_leave_one_whole_configuration(host: Host) -> None:
    running = []
    for number in range(4):
        process = subprocess.Popen(host.exec(*host.driver), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin
        process.stdin.write(host.job(**host.numbered(number)))
        process.stdin.close()
        running.append(process)
    outputs = [process.stdout.read() for process in running if process.stdout]
    assert all(process.wait() == 0 for process in running)
    assert all(changed(json.loads(out)) for out in outputs)
    (relay,) = re.findall(r"password\d", host.smart_host())
    assert re.findall(r"password\d", host.secrets()) == [relay]
    assert host.leftovers() == []


def test_the_mail_log_does_not_tell_of_the_check(host: Host) -> None:
    host.shell("journalctl --rotate -q; journalctl --vacuum-time=1s -q 2>/dev/null")
    for params, _ in host.refused.values():
        host.configure(**params)
    host.configure(**host.wanted)
    host.shell("logger --priority mail.info witness; journalctl --sync")
    told = host.shell("journalctl -q --no-pager -o cat SYSLOG_FACILITY=2")
    assert "witness" in told  # it would be seen
    assert "probe" not in told
    assert "/tmp/" not in told
