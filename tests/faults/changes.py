# SPDX-License-Identifier: GPL-3.0-or-later
"""The role changes a host while mail flows, and is killed."""

from __future__ import annotations

import os
import re
import time
from functools import partial
from typing import Any

from . import tally
from .stage import BASE, until
from .trial import Trial

OTHER, OTHER_REGION = "other", "eu-west-1"
USER, SECOND = "AKIATESTBEDUSEAST123", "AKIASECONDKEY1234567"
SECOND_SECRET = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
SYSCALLS = "/^(rename|link|symlink)"
INJECTED = "cd /root && strace -o {record} -e trace='{calls}' {inject} /usr/bin/python3 < {module}"
RECORD = "/run/renames"
CALL = re.compile(r"^(\w+)\(.* = 0$", re.MULTILINE)
MAILS = 10
SOON = 15.0  # seconds in which mail leaves after a killed run
RANDOM_KILLS = int(os.environ.get("KILLS", "20"))  # of the module; of Ansible a fifth of it
WHOLE_KILLS = RANDOM_KILLS // 5


def both_passwords(trial: Trial) -> None:
    """The endpoint takes the old credential and the new one."""
    trial.control.credentials(
        {
            USER: {"secret_access_key": trial.stage.secret},
            SECOND: {"secret_access_key": SECOND_SECRET},
        }
    )


def many_log_ins(trial: Trial) -> None:
    """The endpoint ends connections between two mails: most mails need a log-in, and few pass by one from before."""
    trial.control.fault(stage="rset", drop=True)


CHANGES: dict[str, dict[str, Any]] = {
    "endpoint": {"ses_region": OTHER_REGION},
    "port": {"ses_port": 2587},
    "password": {"ses_smtp_username": SECOND, "ses_secret_access_key": SECOND_SECRET},
    "sender": {"ses_masquerade_domain": "example.net"},
}


def change(what: str, trial: Trial) -> None:
    """The role changes a variable and changes it back, under a stream of 50 mails a second."""
    both_passwords(trial)
    many_log_ins(trial)
    with trial.stream():
        trial.stage.converge(**CHANGES[what])
        if what == "endpoint":
            trial.stage.keep(OTHER)  # for the cases that kill it
        trial.stage.converge()
    trial.gone(flush=True)
    trial.unfit()
    if what == "sender":
        trial.half += tally.mixed(trial.control.sessions())


class Killing:
    """The module that turns a host from one endpoint to the other, killed again and again."""

    def __init__(self, trial: Trial) -> None:
        self.trial, self.stage = trial, trial.stage
        self.turns = [trial.stage.captured(OTHER, **CHANGES["endpoint"]), BASE]
        trial.stage.clean()

    def calls(self) -> dict[str, int]:
        """How often a whole turn makes each call that brings a file into its place."""
        self.run("")
        self.stage.configure()
        text = self.stage.shell(f"cat {RECORD}")
        names = CALL.findall(text)
        return {name: names.count(name) for name in dict.fromkeys(names)}

    def run(self, inject: str) -> None:
        """A turn to which strace does this."""
        self.stage.host.run(INJECTED.format(record=RECORD, calls=SYSCALLS, inject=inject, module=self.turns[0]))

    def after(self, what: str) -> None:
        """What holds after a kill: mail leaves; the next run ends well, and the one after it changes nothing."""
        sent = set(self.trial.send(MAILS, wanted=False))
        left = self.trial.gone(sent, SOON)
        bounced = sent & self.stage.bounced()
        if not left or bounced or len(sent) < MAILS:
            self.trial.half += 1
            stays = len(self.trial.missing(sent))
            self.trial.fail(
                f"killed {what}: {len(bounced)} of {MAILS} bounced, {stays} stayed, {MAILS - len(sent)} not taken"
            )
        for expected in (True, False):
            done = self.stage.configure(self.turns[0])
            if done.get("failed"):
                self.trial.fail(f"killed {what}: then {done.get('msg')}")
            elif done["changed"] and not expected:
                self.trial.fail(f"killed {what}: the second run after it has changed the host ({done['action']})")
        self.turns.reverse()
        if not until(self.stage.runs, 5):
            self.trial.fail(f"killed {what}: the MTA is down after the next run")


def killed_at_each_rename(trial: Trial) -> None:
    """By strace, right before each call that brings a file into its place, as the module makes them."""
    killing = Killing(trial)
    for name, count in killing.calls().items():
        for number in range(1, count + 1):
            killing.run(f"-e inject={name}:signal=KILL:when={number}")
            killing.after(f"at {name} {number} of {count}")


def killed_module(trial: Trial) -> None:
    """The module alone, at random times."""
    killing = Killing(trial)
    begun = time.monotonic()
    trial.stage.configure(killing.turns[0])
    length = time.monotonic() - begun
    killing.turns.reverse()
    for _number in range(RANDOM_KILLS):
        seconds = trial.random.uniform(0.2, 1.0) * length
        trial.stage.host.run(
            f"cd /root && timeout --foreground --signal=KILL {seconds:.3f} /usr/bin/python3 < {killing.turns[0]}"
        )
        killing.after(f"after {seconds:.2f} of {length:.2f} s")


def killed_ansible(trial: Trial) -> None:
    """Ansible and what it runs on the host, at random times, while mail flows; the run after the last kill is whole."""
    both_passwords(trial)
    many_log_ins(trial)
    begun = time.monotonic()
    trial.stage.converge()
    length = time.monotonic() - begun
    with trial.stream(rate=20):
        for number in range(WHOLE_KILLS):
            process = trial.stage.play(**({} if number % 2 else CHANGES["endpoint"]))
            time.sleep(trial.random.uniform(0.3, 1.1) * length)  # the time of the kill is the case
            failed = process.poll()
            printed = trial.stage.kill(process)
            if failed:
                trial.fail(f"run {number + 1} failed by itself: {printed[-1000:]}")
        output = trial.stage.converge()
    if not re.search(r"failed=0 ", output):
        trial.fail("the run after the kills failed")
    trial.gone(flush=True)
    trial.unfit()


def rotated_password(trial: Trial) -> None:
    """The endpoint has another password than the host, until a run of the role brings it."""
    trial.control.credentials({USER: {"secret_access_key": SECOND_SECRET}})
    trial.send(20)
    until(lambda: not trial.missing(), 8)
    trial.stage.converge(ses_secret_access_key=SECOND_SECRET)


changes = {what: partial(change, what) for what in CHANGES}
