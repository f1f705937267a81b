# SPDX-License-Identifier: GPL-3.0-or-later
"""The host itself has faults: its disk, its clock, its load, its processes."""

from __future__ import annotations

import time

from testbed import engine

from .endpoint import THROTTLED
from .stage import until
from .trial import Trial

SPOOL, BESIDE, FILLING = "/var/spool", "/run/spool", "/var/spool/filling"
SPACE = "160M"  # more than both ask for: one and a half times Postfix's largest message, Sendmail's reserve of 100 MB
LOAD = "18.00 18.00 18.00 1/100 100"
# As after a clock that was an hour ahead: all queue files come from the future.
FUTURE = (
    "find /var/spool/postfix/deferred /var/spool/mqueue /var/spool/mqueue-client -type f -exec touch -d '+1 hour' {} +"
)


def full_disk(trial: Trial) -> None:
    """The queue's file system is full, and freed after some mails; none that was taken needs a hand."""
    stage = trial.stage
    stop, start = f"systemctl stop {stage.unit}", f"systemctl start {stage.unit}"
    stage.shell(f"{stop}; mkdir -p {BESIDE}")
    stage.mount("mount", "-t", "tmpfs", "-o", f"size={SPACE},mode=755", "none", BESIDE)
    stage.shell(f"cp -a {SPOOL}/. {BESIDE}")
    stage.mount("mount", "--bind", BESIDE, SPOOL)
    try:
        stage.shell(start)
        until(stage.runs, 10)
        trial.send(2)
        if not trial.gone(seconds=10):
            trial.fail("mail does not leave before the disk is full")
        stage.host.run(f"dd if=/dev/zero of={FILLING} bs=64k 2>/dev/null")
        for way in ("program", "smtp"):
            trial.send(20, way, wanted=False)
        stage.shell(f"rm {FILLING}")
        trial.send(10)
        trial.settle()
        if trial.stage.queued() - trial.sent:
            trial.fail("a mail that was refused is queued")
    finally:
        stage.host.run(f"rm -f {FILLING}")
        stage.shell(stop)
        for path in (SPOOL, BESIDE):
            stage.mount("umount", "--lazy", path)  # a tlsproxy may outlive its unit by minutes
        stage.shell(start)


def reloads(trial: Trial) -> None:
    """The MTA is reloaded each second, under a stream, over a way of 50 ms."""
    trial.control.latency(0.05)
    with trial.stream():
        for _number in range(15):
            trial.stage.host.run(trial.mta.reload)
            time.sleep(1)  # of mail between two reloads
    trial.gone(flush=True)


def killed_mta(trial: Trial) -> None:
    """The MTA's first process is killed; it comes back by itself, and takes and delivers mail."""
    for number in range(2):
        # One that is killed while it still starts comes back once systemd's time for that has passed.
        if not until(trial.stage.started, 30):
            trial.fail("it has not started")
        trial.stage.shell(f"kill -9 $(head -n 1 {trial.mta.pid_file})")
        until(lambda: not trial.stage.runs(), 2)
        if not until(trial.stage.runs, 15):
            trial.fail(f"killed, and stays down ({number + 1} of 2)")
            break
        trial.send(10, "smtp")
    trial.send(10)


def high_load(trial: Trial) -> None:
    """What the MTA reads as the load is 18; a container has the machine's, so a file of our own takes its place."""
    trial.stage.shell(f"echo '{LOAD}' > /run/loadavg")
    trial.stage.mount("mount", "--bind", "/run/loadavg", "/proc/loadavg")
    try:
        trial.stage.restart()
        for size in (6, 1_000_000):
            trial.send(3, size=size)
            trial.send(3, "smtp", size=size)
        trial.settle()
    finally:
        trial.stage.mount("umount", "/proc/loadavg")


def future(trial: Trial) -> None:
    """The queue's files are dated an hour ahead, since the clock was put back."""
    trial.control.fault(stage="mail", reply=THROTTLED)
    trial.send(10)
    if not trial.deferred(10):
        trial.fail("they did not wait")
    trial.stage.shell(f"systemctl stop {trial.stage.unit}; {FUTURE} 2>/dev/null; true")
    trial.control.clear()
    trial.stage.shell(f"systemctl start {trial.stage.unit}")


def rebooted(trial: Trial) -> None:
    """The host is booted again while mail waits."""
    trial.control.fault(stage="mail", reply=THROTTLED)
    trial.send(20)
    if not trial.deferred(20):
        trial.fail("they did not wait")
    # Not before: a mail that waits for its reply as the host goes down is sent again (RFC 5321, 4.5.4.1).
    engine.reboot(trial.stage.layout, [trial.stage.name], trial.control.clear)
    if not until(trial.stage.runs, 20):
        trial.fail("the MTA does not run after the reboot")
