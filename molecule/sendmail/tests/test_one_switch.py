# SPDX-License-Identifier: GPL-3.0-or-later
"""A change is old or new and repeats nothing, and mail that cannot be kept is not taken."""

from __future__ import annotations

import subprocess
from collections import Counter

import pytest
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS
MAILS = 300
SMALL = "size=40m"  # less than the 100 MB that have to be free
QUEUE = "/var/spool/mqueue-client"


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with the defaults, whatever it had before."""
    Relay(host, layout).settle()


def test_changes_under_load_send_each_mail_once(relay, endpoint):
    """A queue run that a reload ended would leave in the queue what the endpoint has just taken."""
    endpoint.latency(0.05)
    relay.burst("app@example.com", "success@simulator.amazonses.com", MAILS)
    for port in (2587, 587):
        relay.converge(ses_port=port)
    until("the queue is empty", lambda: relay.queue() == [])
    seen = Counter(
        value for message in endpoint.messages() for name, value in message["headers"] if name.lower() == "message-id"
    )
    assert len(seen) == MAILS
    assert set(seen.values()) == {1}
    assert relay.host.run("grep -c . /var/mail/root").stdout.strip() in ("", "0")


# A daemon that loads its files has no pid file for a moment; a run that was killed may have told it to. This is such a
# moment, from before the module looks until shortly after it has begun.
LOADING = """
mv {pid_file} {pid_file}.away
for tenth in $(seq 300); do
  journalctl --quiet --after-cursor '{cursor}' | grep -q relay_config && break
  sleep 0.1
done
sleep 1.5
mv {pid_file}.away {pid_file}
"""


def test_a_daemon_that_loads_its_files_is_waited_for_and_not_restarted(relay):
    """A restart would end deliveries, and their mail be sent again."""
    relay.converge()
    first = relay.mta.pid()
    cursor = relay.host.check_output("journalctl --quiet --lines 0 --show-cursor").partition("cursor: ")[2].strip()
    script = LOADING.format(pid_file=relay.mta.pid_file, cursor=cursor)
    with subprocess.Popen(["podman", "exec", relay.host.backend.name, "sh", "-c", script]) as loading:
        done = relay.playbook()
    assert loading.returncode == 0
    assert "changed=0" in done.stdout, done.stdout
    assert relay.mta.pid() == first


def test_the_way_back_and_forth_again(relay, endpoint):
    relay.converge()
    here = relay.mta.generation("ses_authinfo")
    relay.converge(ses_hostname_aliases=["other.example.com"])
    there = relay.mta.generation("ses_authinfo")
    assert here != there
    for generation in (here, there):
        assert relay.module("mailops.ses.sendmail_config", state="previous", unit="sendmail")["changed"]
        assert relay.mta.generation("ses_authinfo") == generation
        relay.arrived(endpoint, relay.send())
    files = relay.host.check_output("cd /etc/mail; stat -c '%n %U %a' ses_authinfo* .mailops-*").split("\n")
    private = [f"{name} root 600" for name in (".mailops-previous", f"{here}.db", f"{there}.db")]
    assert sorted(files) == sorted(private)
    relay.converge()


def test_the_way_back_to_what_was_there_before_the_role_takes_all_mail_with_it(relay, endpoint, layout):
    """The queue for bursts, and the daemon that has a unit of its own, go with the configuration that has them."""
    back = {"state": "previous", "unit": "sendmail"}
    host = relay.host
    # Not an address of the host's own: its daemon listens on each, and mail that comes back to it bounces.
    nobody = layout.gateway.rpartition(".")[0] + ".99"
    plain = relay.module(
        "mailops.ses.sendmail_config",
        defines={"SMART_HOST": f"[{nobody}]"},
        settings={"MSP_MODE": "Cron"},
        unit="sendmail",
    )
    assert plain["changed"]
    assert not host.run("pgrep -f '^sendmail: MSP'").stdout.strip()
    relay.converge(ses_loopback_only=True)  # of that configuration the daemons listen everywhere
    endpoint.fault(stage="mail", reply="454 Throttling failure: Maximum sending rate exceeded.")
    relay.burst("app@example.com", "success@simulator.amazonses.com", 40)
    assert host.check_output("find /var/spool/mqueue/bursts -name 'qf*'")
    done = relay.module("mailops.ses.sendmail_config", **back)
    assert (done["failed"], done.get("warnings", [])) == (False, [])
    assert not host.run("pgrep -f '^sendmail: MSP'").stdout.strip()
    assert not host.file("/var/spool/mqueue/bursts").exists
    # A look at a directory misses what a queue run renames meanwhile.
    until("all mails wait", lambda: len(host.check_output("find /var/spool/mqueue -name 'qf*'").split()) == 40)
    endpoint.clear()
    assert relay.module("mailops.ses.sendmail_config", **back)["changed"]
    relay.mta.flush()
    until("all mails arrive", lambda: sum(len(session["messages"]) for session in endpoint.sessions()) >= 40)
    relay.converge()


@pytest.fixture
def short_of_space(relay, request):
    """The submission program's queue on a file system of its own; containers cannot mount one themselves."""
    inside = ["nsenter", "--mount", "--target", _process(relay), "--"]
    like = relay.host.check_output(f"stat -c uid=%u,gid=%g,mode=%a {QUEUE}")
    subprocess.run([*inside, "mount", "-t", "tmpfs", "-o", f"{SMALL},{like}", "tmpfs", QUEUE], check=True)
    yield
    relay.host.check_output("systemctl stop sendmail")
    subprocess.run([*inside, "umount", QUEUE], check=True)
    relay.host.check_output("systemctl start sendmail")


def _process(relay):
    inspect = ["podman", "inspect", "--format", "{{.State.Pid}}", relay.host.backend.name]
    return subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("filled", ["", f"head -c 1G /dev/zero >{QUEUE}/fill 2>/dev/null; "], ids=["short", "full"])
def test_while_space_is_short_a_program_keeps_its_mail(relay, endpoint, short_of_space, filled):
    """By Sendmail's own limit the mail would be in dead.letter, and the exit status 0."""
    before = relay.host.run("cat /var/lib/sendmail/dead.letter | wc -c").stdout
    mail = "printf 'Subject: short\nTo: success@simulator.amazonses.com\n\nhello\n'"
    for _ in range(5):
        done = relay.host.run(f"{filled}{mail} | /usr/sbin/sendmail -t")
        assert done.rc == 69
        assert "Insufficient disk space" in done.stdout + done.stderr
    assert relay.host.check_output(f"find {QUEUE} /var/spool/mqueue -type f ! -name fill") == ""
    assert relay.host.run("cat /var/lib/sendmail/dead.letter | wc -c").stdout == before
    assert endpoint.messages() == []
