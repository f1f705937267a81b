# SPDX-License-Identifier: GPL-3.0-or-later
"""An MTA takes the other's place, and no mail is lost: it is delivered first, or the other MTA stays."""

from __future__ import annotations

from shlex import quote

import pytest
from testbed.mta import MTAS
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS
THROTTLED = "454 Throttling failure: Maximum sending rate exceeded."
QUEUES = "/var/spool/postfix/{maildrop,incoming,active,deferred,hold} /var/spool/mqueue /var/spool/mqueue-client"
ENTRANCES = {"postfix": "/usr/sbin/postdrop", "sendmail": "/usr/sbin/sendmail-mta"}
LISTENERS = {"postfix": "master", "sendmail": "sendmail-mta"}
# Hands mail over until it is told to stop, at most two minutes, and notes what was taken.
STREAM = """
for number in $(seq 400); do
  test ! -e /run/stream-ends || break
  printf 'Subject: stream %s\\nTo: success@simulator.amazonses.com\\n\\nhello\\n' $number |
    /usr/sbin/sendmail -t && echo "stream $number" >> /run/stream-taken
  sleep 0.3  # the rate of the stream
done >/run/stream.log 2>&1
touch /run/stream-ended
"""
# What a host's own updates do when it has just started. They end when the role has met them once, or after two minutes.
UPDATES = """
import fcntl, glob, time

def fetching():
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            if open(path).read() == "apt-get\\n":
                return True
        except OSError:  # the process has ended
            pass
    return False

lock = open("/var/lib/apt/lists/lock", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
end = time.monotonic() + 120
for awaited in (True, False):
    while fetching() is not awaited and time.monotonic() < end:
        time.sleep(0.01)  # the interval of a bounded poll; one that is missed comes again
"""


@pytest.fixture
def other(relay):
    """The MTA that is not installed."""
    (found,) = [mta for mta in MTAS if mta.name != relay.mta.name]
    return found


@pytest.fixture
def stream(relay):
    """A user's program that sends mail all the time; calling it ends it, and gives what was taken from it."""
    relay.host.check_output("rm -f /run/stream*")
    relay.host.check_output(f"systemd-run --quiet --unit=stream bash -c {quote(STREAM)}")

    def end():
        relay.host.check_output("touch /run/stream-ends")
        until("the stream ends", lambda: relay.host.file("/run/stream-ended").exists)
        return relay.host.file("/run/stream-taken").content_string.splitlines()

    yield end
    relay.host.run("systemctl stop stream")


def fingerprint(relay):
    """What a refusal has to leave alone: files, packages, who takes mail from users, the daemon's process."""
    return relay.host.check_output(
        "find /etc /usr/sbin $(readlink -f /usr/sbin/sendmail) -xdev -type f -printf '%%p %%T@ %%m %%u %%s\\n' | sort; "
        "dpkg-query -W; cat %s",
        relay.mta.pid_file,
    )


def files_in_queues(host):
    return host.run(f"bash -c {quote(f'find {QUEUES} -type f')}").stdout.split()


def subjects(endpoint):
    messages = [message for session in endpoint.sessions() for message in session["messages"]]
    return [dict(message["headers"])["Subject"] for message in messages]


def test_it_stays_when_its_mail_cannot_leave(relay, endpoint, other):
    endpoint.fault(stage="mail", reply=THROTTLED)
    kept = [relay.send() for _ in range(2)]
    relay.deferred(kept[-1], "454")
    until("both are deferred", lambda: [("454" in reason) for reason in relay.queue()] == [True, True])
    before = fingerprint(relay)
    announced = relay.playbook("--check", ses_mta=other.name, ses_replace_mta=True)
    assert f"{relay.mta.name} has 2 messages queued. They would be delivered" in announced.stdout
    done = relay.playbook(ses_mta=other.name, ses_replace_mta=True, ses_replace_mta_timeout=3)
    assert done.returncode != 0
    assert f"{relay.mta.name} is not replaced: 2 messages wait in its queue" in done.stdout
    assert THROTTLED in done.stdout
    assert fingerprint(relay) == before
    assert len(relay.queue()) == 2
    # It goes on as it was. What has waited is not tried again at once.
    endpoint.clear()
    relay.arrived(endpoint, relay.send())


def test_it_goes_on_when_the_other_cannot_be_installed(relay, endpoint, other):
    relay.host.check_output("""echo 'DPkg::Pre-Invoke { "false"; };' > /etc/apt/apt.conf.d/00broken""")
    done = relay.playbook(ses_mta=other.name, ses_replace_mta=True)
    relay.host.check_output("rm /etc/apt/apt.conf.d/00broken")
    assert done.returncode != 0
    assert "is stopped with an empty queue" in done.stdout
    assert f"{relay.mta.name} is as it was before, running." in done.stdout
    relay.arrived(endpoint, relay.send())


def test_one_that_a_killed_change_has_closed_takes_mail_again(relay, endpoint):
    """The change had taken users' right to run the program with which they hand mail over."""
    program = ENTRANCES[relay.mta.name]
    mode = relay.host.check_output("stat -L -c %a " + program)  # Debian has a link for Sendmail
    relay.host.check_output("chmod a-x " + program)
    assert relay.host.run("echo | /usr/sbin/sendmail success@simulator.amazonses.com").rc
    done = relay.converge()
    assert "as where a change to another MTA was killed" in " ".join(done.stderr.split())
    assert relay.host.check_output("stat -L -c %a " + program) == mode
    assert "changed=1" in done.stdout
    relay.arrived(endpoint, relay.send())
    assert "changed=0" in relay.converge().stdout


def test_no_mail_is_lost(relay, layout, quiet, other, stream):
    endpoint = quiet
    endpoint.fault(stage="mail", reply=THROTTLED)
    waiting = [relay.send()]
    relay.deferred(waiting[0], "454")
    relay.host.check_output(f"systemctl stop {relay.mta.name}")
    waiting.append(relay.send())  # into the maildrop, or the submission program's queue
    endpoint.clear()
    relay.host.check_output(f"systemd-run --quiet python3 -c {quote(UPDATES)}")
    done = relay.converge(ses_mta=other.name, ses_replace_mta=True, ses_replace_mta_timeout=60)
    assert "FAILED - RETRYING: " in done.stdout
    assert "is stopped with an empty queue" in done.stdout
    successor = Relay(relay.host, layout)
    assert successor.mta.name == other.name
    assert not relay.host.package(relay.mta.package).is_installed
    taken = [*waiting, *stream()]
    assert len(taken) > 10
    assert endpoint.wait(messages=len(taken), timeout=30), sorted(set(taken) - set(subjects(endpoint)))
    assert sorted(subjects(endpoint)) == sorted(taken)  # once each
    # The endpoint has a mail a moment before the MTA takes it out of its queue.
    until("all queues are empty", lambda: not files_in_queues(relay.host))
    listeners = relay.host.check_output("ss --listening --tcp --numeric --processes --no-header '( sport = :25 )'")
    assert {LISTENERS[mta] for mta in LISTENERS if f'"{LISTENERS[mta]}"' in listeners} == {LISTENERS[other.name]}
    again = successor.playbook(ses_replace_mta=True)
    assert "changed=0" in again.stdout, again.stdout
