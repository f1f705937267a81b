# SPDX-License-Identifier: GPL-3.0-or-later
"""Lead the lives: lay the states, send, run the role twice, check, send again. Hosts do it side by side, in rounds."""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from lives import LINK, NOT_HERE, REBOOT, REFUSED, Host, Life, Mail
from ses_simulator.client import Control
from ses_simulator.credentials import derive
from testbed import engine
from testbed.layout import Layout
from testbed.relay import ENVIRONMENT, INVENTORY

# Containers by MTA and system.
CONTAINERS = {
    ("postfix", "13"): ["postfix1", "postfix2", "postfix3"],
    ("postfix", "12"): ["postfix12"],
    ("sendmail", "13"): ["sendmail1", "sendmail2", "sendmail3"],
}
SECRET_ACCESS_KEY = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLETEST1"  # testbed.toml's
COURIER = "/usr/local/lib/lives/courier.py"
ARRIVES = 90.0  # seconds; most take one or two, and on two cores that four lanes share once more than 25
SETTLES = 1.0  # what comes twice, or to a place where it does not belong, comes in that time
# Names of the servers around the hosts, all of them on loopback.
NAMES = {
    "hub.corp.example": "127.0.0.2",
    "relay.partner.example": "127.0.0.3",
    "smtp.provider.example": "127.0.0.4",
    "inner.corp.example": "127.0.0.6",
    # Sendmail looks domains up before it leads their mail to a smart host.
    **{
        f"{name}.example": "127.0.0.2"
        for name in ["customer", "partner", "dept", "shop", "old", "new", "special", "visitors", "unverified", "brand"]
    },
    "example.com": "127.0.0.2",
}
VERIFIED = ["example.com", "brand.example"]
PLACE = re.compile(
    r"(?P<place>.*?)(?: as (?P<sender>\S*))?(?: to (?P<to>\S+))?(?: by (?P<user>\S+))?(?: with (?P<header>.*))?$"
)
# Places where a mail waits, and what is none: of these there may be several.
UNDELIVERED = ("queue", "hold", "notice in ")
Found = list[dict[str, Any]]


@dataclass
class Sent:
    """A mail that was handed over, and where it was found."""

    mail: Mail
    token: str
    answer: str = ""  # why it was not taken
    found: Found = field(default_factory=list)
    log: str = ""  # the host's last lines, where it did not come in time

    def places(self) -> list[str]:
        """Where it is, in words."""
        words = [self._words(at) for at in self.found]
        return sorted([*words, *([f"not taken: {self.answer}"] if self.answer else [])])

    @staticmethod
    def _words(at: dict[str, Any]) -> str:
        because = f" ({'; '.join(at['why'])})" if at.get("why") else ""
        return f"{at['place']} as <{at['sender']}> to <{at['recipients']}>{because}"

    def matches(self, expected: str, passes: tuple[str, ...] = ()) -> bool:
        """Whether it is where it is expected, once, and nowhere else; nothing is expected of one without a place."""
        if any(self._came_twice(at, other) for at, other in combinations(self.found, 2) if at["place"] not in passes):
            return False
        return not expected or any(self._is(one, passes) for one in expected.split(" | "))

    @staticmethod
    def _came_twice(at: dict[str, Any], other: dict[str, Any]) -> bool:
        """Whether both are one delivery, made twice: of a mail to many, several are for others of its recipients."""
        if at["place"] != other["place"] or at["place"].startswith(UNDELIVERED):
            return False
        for_one, for_other = (set(filter(None, one["recipients"].split(", "))) for one in (at, other))
        return for_one == for_other or bool(for_one & for_other)

    def _is(self, expected: str, passes: tuple[str, ...]) -> bool:
        wanted = [PLACE.match(one).groupdict() for one in expected.split(" + ")]  # type: ignore[union-attr]
        names = {one["place"] for one in wanted}
        if ("not taken" in names) != bool(self.answer):
            return False
        elsewhere = {at["place"] for at in self.found} - names - set(passes)
        return not elsewhere and all(self._at(one) for one in wanted if one["place"] != "not taken")

    def _at(self, wanted: dict[str, str | None]) -> bool:
        for at in self.found:
            told = "\n".join(at["headers"]).lower()
            if (
                at["place"] == wanted["place"]
                and (wanted["sender"] is None or at["sender"] == wanted["sender"].strip("<>"))
                and (wanted["to"] is None or wanted["to"] in at["recipients"])
                and (wanted["user"] is None or f"x-life-user: {wanted['user']}" in told)
                and (wanted["header"] is None or wanted["header"].lower() in told)
            ):
                return True
        return False


@dataclass
class Story:
    """What came of one life."""

    life: Life
    host: Host
    trouble: str = ""  # the harness's own
    before: list[Sent] = field(default_factory=list)
    after: list[Sent] = field(default_factory=list)
    later: dict[str, list[Sent]] = field(default_factory=dict)
    role: Role | None = None
    ended: str = ""  # what failed of what happened after the role
    unchanged: str = ""  # the difference, where a refusal changed something


@dataclass
class Role:
    """What the role said on one host, first and second, and the check after it."""

    output: str
    failed: bool
    second: str = ""
    checked: dict[str, Any] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)  # queue or hold, for each mail
    because: bool = False  # whether any waits for a reason: one that was not tried yet has none
    led: bool = False  # whether any mail of this host was to reach the endpoint,
    arrived: bool = False  # and whether any did


def recap(output: str, host: str) -> str:
    """The host's line of the recap."""
    found = re.search(rf"^{host} +: (.*)$", output.partition("PLAY RECAP")[2], re.MULTILINE)
    return found.group(1) if found else "not in the recap"


def unanswered(output: str, host: str) -> str:
    """Why a run says nothing of the role: Ansible did not reach the host."""
    line = recap(output, host)
    return "" if "unreachable=0" in line else f"Ansible did not reach the host: {line}"


def said_of(output: str, host: str) -> str:
    """What a run said of one host: its own lines, and the warnings, which name none."""
    blocks = re.split(r"\n(?=\S)", output)
    return "\n".join(block for block in blocks if f"[{host}]" in block or block.startswith("[WARNING]"))


class Stage:
    """The containers and the endpoint."""

    def __init__(self, layout: Layout, work: Path) -> None:
        self.layout, self.work = layout, work
        self.control = Control(layout.state / "control.sock")

    def shell(self, container: str, script: str, given: str | None = None, check: bool = True) -> str:
        command = ["podman", "exec", "-i", self.layout.container(container), "sh", "-c", script]
        done = subprocess.run(command, input=given or "", capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{script.strip()[:300]}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def playbook(self, name: str, cases: dict[str, Host], *arguments: str) -> str:
        """Run a playbook on the containers, each with its host's variables."""
        inventory = self.work / f"variables-{'-'.join(cases)}.json"
        hosts = {container: host.variables for container, host in cases.items()}
        inventory.write_text(json.dumps({"all": {"children": {"existing_hosts": {"hosts": hosts}}}}))
        command = ["ansible-playbook", "-i", str(INVENTORY), "-i", str(inventory), name]
        command += ["--limit", ",".join([*cases, "localhost"]), "--forks", "8", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        return done.stdout + done.stderr

    # Mails

    def send(self, container: str, mails: list[Mail]) -> list[Sent]:
        """Hand them over, in their order."""
        sent = [Sent(mail, f"life-{uuid.uuid4().hex[:12]}") for mail in mails]
        given = [
            {
                "token": one.token,
                "from": one.mail.header_from,
                "sender": one.mail.sender,
                "to": [one.mail.to] if isinstance(one.mail.to, str) else list(one.mail.to),
                "how": one.mail.how,
                "user": one.mail.user,
                "headers": one.mail.headers,
                "subject": f"{one.token} {one.mail.subject}".strip(),
            }
            for one in sent
        ]
        answers = json.loads(self.shell(container, f"python3 {COURIER} send", json.dumps(given)))
        for one in sent:
            one.answer = answers.get(one.token, "")
        return sent

    def find(self, container: str) -> dict[str, Found]:
        """Every mail's places by its token: on this host, around it, and at the endpoints."""
        places: dict[str, Found] = {}
        for at in json.loads(self.shell(container, f"python3 {COURIER} find")):
            places.setdefault(at["token"], []).append(at)
        for session in self.control.sessions():
            region = "ses" if session["region"] == "us-east-1" else session["region"]
            for message in session["messages"]:
                headers = [f"{name}: {value}" for name, value in message["headers"]]
                for token in re.findall(
                    r"life-[0-9a-f]{12}", "\n".join(h for h in headers if h.startswith("Subject:"))
                ):
                    at = {"place": region, "sender": message["from"], "recipients": ", ".join(message["to"])}
                    places.setdefault(token, []).append({**at, "headers": headers})
        return places

    def follow(self, container: str, sent: list[Sent], expected: list[str], passes: tuple[str, ...]) -> None:
        """Wait until each is where it is expected, or until it had the time for it; then look once more."""
        end = time.monotonic() + ARRIVES
        while True:
            places = self.find(container)
            for one in sent:
                one.found = places.get(one.token, [])
            if all(one.matches(where, passes) for one, where in zip(sent, expected, strict=True)):
                break
            if time.monotonic() > end:
                log = self.shell(container, LAST_LINES, check=False)
                for one in sent:
                    one.log = log
                return
            time.sleep(0.3)  # the interval of a bounded poll
        time.sleep(SETTLES)
        places = self.find(container)
        for one in sent:
            one.found = places.get(one.token, [])

    # Rounds

    def lead(self, hosts: list[Host]) -> dict[tuple[str, str], Story]:
        """Lead these hosts' lives, as many at once as there are containers."""
        self.control.reset()
        self.control.call("identities", verified=VERIFIED)
        self.control.dns(names=NAMES, nxdomain=[LINK])
        mtas = sorted({host.mta for host in hosts})
        with ThreadPoolExecutor(len(mtas) or 1) as pool:
            told = pool.map(lambda mta: self._rounds([host for host in hosts if host.mta == mta]), mtas)
            return {(story.host.mta, story.life.name): story for stories in told for story in stories}

    def _rounds(self, hosts: list[Host]) -> list[Story]:
        """As many hosts at once as there are containers."""
        stories: list[Story] = []
        waiting = list(hosts)
        while waiting:
            free = {kind: list(names) for kind, names in CONTAINERS.items()}
            cases: dict[str, Host] = {}
            for host in list(waiting):
                names = free[host.mta, host.system]
                if names:
                    cases[names.pop(0)] = host
                    waiting.remove(host)
            stories += self._round(cases)
        return stories

    def _round(self, cases: dict[str, Host]) -> list[Story]:
        """One host in each container."""
        stories = {
            name: [Story(life, host) for life in host.lives if life.verdict != NOT_HERE] for name, host in cases.items()
        }
        with ThreadPoolExecutor(len(cases)) as pool:
            list(pool.map(lambda name: self._guarded(self._begin, name, stories[name]), cases))
            before = dict(zip(cases, pool.map(self._fingerprint, cases), strict=True))
            self._run(cases, stories)
            list(pool.map(lambda name: self._guarded(self._end, name, stories[name], before[name]), cases))
            kept = {name: host for name, host in cases.items() if not stories[name][0].role.failed}
            if kept:
                self._check(kept, stories)
            list(pool.map(lambda name: self._guarded(self._later, name, stories[name], before[name]), kept))
        return [story for told in stories.values() for story in told]

    @staticmethod
    def _guarded(step: Any, name: str, stories: list[Story], *rest: Any) -> None:
        """A fault of one host's state is its lives' fault, and nobody else's."""
        try:
            step(name, stories, *rest)
        except Exception as error:
            for story in stories:
                story.trouble = story.trouble or f"{step.__name__}: {type(error).__name__}: {error}"

    def _begin(self, name: str, stories: list[Story]) -> None:
        self.shell(name, "lives-host restore")
        host = stories[0].host
        password = derive(SECRET_ACCESS_KEY, "eu-west-1")
        script = "set -eu\n" + "\n".join([host.state, *(story.life.state for story in stories)])
        script = script.replace("@EU_PASSWORD@", password)
        try:
            self.shell(name, script)
            if "systemctl stop" not in script:
                self.shell(name, START[host.mta], check=stories[0].life.verdict != REFUSED)
        finally:
            mails = [(story, mail) for story in stories for mail in story.life.mails]
            sent = self.send(name, [mail for _story, mail in mails])
            for (story, _mail), one in zip(mails, sent, strict=True):
                story.before.append(one)
            self.follow(name, sent, [mail.before for _story, mail in mails], host.passes)
        late = "\n".join(story.life.late for story in stories if story.life.late)
        if late:
            self.shell(name, "set -eu\n" + late)

    def _fingerprint(self, name: str) -> str:
        return self.shell(name, "lives-host fingerprint", check=False)

    def _run(self, cases: dict[str, Host], stories: dict[str, list[Story]]) -> None:
        first = self.playbook("mailops.ses.relay", cases)
        (self.work / f"first-{'-'.join(cases)}.log").write_text(first)
        roles = {name: Role(said_of(first, name), "failed=0" not in recap(first, name)) for name in cases}
        for name, told in stories.items():
            for story in told:
                story.role = roles[name]
                story.trouble = story.trouble or unanswered(first, name)

    def _end(self, name: str, stories: list[Story], before: str) -> None:
        role = stories[0].role
        assert role is not None
        if role.failed:
            left, right = before.splitlines(), self._fingerprint(name).splitlines()
            lines = [
                line
                for line in difflib.unified_diff(left, right, "before", "after", lineterm="", n=0)
                # What comes into the queue meanwhile is no change; what is gone from it is one.
                if not line.startswith(("---", "+++", "@@", "+queue: "))
            ]
            for story in stories:
                story.unchanged = "\n".join(lines)
        waited, fresh = [], []
        for story in stories:
            for one in story.before:
                if not role.failed and waits(one.mail.before):
                    waited.append((story, Sent(one.mail, one.token)))
                else:
                    fresh.append((story, one.mail))
        sent = self.send(name, [mail for _story, mail in fresh])
        told = [*waited, *((story, one) for (story, _mail), one in zip(fresh, sent, strict=True))]
        for story, one in told:
            story.after.append(one)
        expected = [one.mail.before if role.failed else one.mail.after for _story, one in told]
        self.follow(name, [one for _story, one in told], expected, stories[0].host.passes)

    def _check(self, cases: dict[str, Host], stories: dict[str, list[Story]]) -> None:
        second = self.playbook("mailops.ses.relay", cases)
        report = self.work / f"report-{'-'.join(cases)}"
        output = self.playbook("mailops.ses.check", cases, "-e", f"ses_report_dir={report}", "--become")
        try:
            checked = json.loads((report / "report.json").read_text())["hosts"]
        except (OSError, KeyError, ValueError):
            checked = [{"trouble": output}]
        by_name = {host.get("name", host.get("host")): host for host in checked}
        for name in cases:
            role = stories[name][0].role
            assert role is not None
            for story in stories[name]:
                story.trouble = story.trouble or unanswered(second, name) or unanswered(output, name)
            role.second = recap(second, name) + ("" if "changed=0" in recap(second, name) else said_of(second, name))
            role.checked = by_name.get(name, {"trouble": output})
            places = self.find(name)
            found = {(token, at["place"]) for token, told in places.items() for at in told}
            queued = [at for told in places.values() for at in told if at["place"] == "queue"]
            role.because = any(reason for at in queued for reason in at["why"])
            role.waiting = [place for _token, place in found if place in {"queue", "hold"}]
            role.led = any("ses" in one.mail.after.split() for story in stories[name] for one in story.after)
            ours = {one.token for story in stories[name] for one in story.after}
            role.arrived = any(token in ours and place == "ses" for token, place in found)

    def _later(self, name: str, stories: list[Story], _before: str) -> None:
        for story in stories:
            for script in story.life.later:
                try:
                    if script == REBOOT:
                        engine.reboot(self.layout, [name])
                    else:
                        self.shell(name, f"set -eu\n{script}")
                except (RuntimeError, engine.EngineError) as error:
                    story.ended = str(error)
                    break
                # What is handed over while Sendmail starts anew waits for its client queue's minute.
                self.shell(name, LISTENS, check=False)
                sent = self.send(name, list(story.life.mails))
                self.follow(name, sent, [mail.after for mail in story.life.mails], story.host.passes)
                story.later[script] = sent


def waits(where: str) -> bool:
    """Whether a mail that is there before the role has to be followed after it."""
    return where in {"", "queue", "hold"}


# Port 25 answers, or has had the time for it; the mails tell then.
LISTENS = """bash -c 'for try in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/25) 2>/dev/null && exit; sleep 0.1; done'"""
LAST_LINES = "journalctl --no-pager --lines=60; mailq | tail -n 60; ps -ef"
# The MTA starts with the states that were laid, unless one of them is that it does not run.
START = {
    "postfix": "newaliases; systemctl start postfix",
    "sendmail": "make -sC /etc/mail && newaliases >/dev/null && systemctl start sendmail",
}
