# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with an MTA that a role has set up, beside the simulator, and what is done to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import testinfra  # type: ignore[import-untyped]
from ses_simulator.client import Control
from testbed import engine
from testbed.layout import Layout
from testbed.mta import MTAS, Mta
from testbed.relay import ENVIRONMENT, INVENTORY

from . import tally

HERE = Path(__file__).resolve().parent
# A host may have no program `kill`: its shell has.
_END = 'while read -r process; do kill -9 "$process"; done'
# What delivers can outlive a restart of its MTA.
END_DIALOGUES = f"ss -Htnp '( dport = :587 )' | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -u | {_END}"
HOSTS = {"postfix": "debian13", "sendmail": "debian13s"}
INTERPRETER = "/usr/local/bin/captured-python"
SENDER = "/usr/local/lib/sender.py"
CAPTURED, BASE = "/root/configure.py", "/root/base.py"
BEFORE = {"ses_masquerade_domain": "example.com"}
# What a case needs of a host beside the role.
PACKAGES = "strace"
QUEUED = {
    "postfix": "postqueue -j",
    "sendmail": "find /var/spool/mqueue /var/spool/mqueue-client -name 'qf*' -exec grep -ah success {} +",
}
UNITS = {"postfix": "postfix", "sendmail": "sendmail"}
DEADLINE = 120.0  # seconds for a run of the role, which takes ten
# Of a host's processes and of this machine's: those whose environment has this.
KILL = f"grep -lzs '^{{mark}}$' /proc/[0-9]*/environ | cut -d/ -f3 | {_END}"


def say(text: str) -> None:
    """Progress, which is not part of the table."""
    print(f"faults: {text}", file=sys.stderr, flush=True)


def until(ready: Callable[[], object], seconds: float) -> bool:
    """Whether it has come about in time."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)  # the interval of a bounded poll
    return True


class Stage:
    """One host. FOLDER is for files that Ansible reads; COUNTER tells the mails of one case from those of another."""

    def __init__(self, layout: Layout, mta: str, folder: Path) -> None:
        self.layout, self.folder = layout, folder
        self.name = HOSTS[mta]
        self.container = layout.container(self.name)
        self.control = Control(layout.state / "control.sock")
        self.host: Any = testinfra.get_host(f"podman://{self.container}")
        (kind,) = [kind for kind in MTAS if kind.name == mta]
        self.mta: Mta = kind(self.host)
        self.unit = UNITS[mta]
        self.secret = str(dict(layout.credentials["AKIATESTBEDUSEAST123"])["secret_access_key"])  # type: ignore[call-overload]
        self.cases = 0
        self._captured: dict[str, str] = {}

    # The role

    def set_up(self) -> None:
        """Run the role twice, and keep what it configured with when it had nothing left to install: the first time it
        restarts the MTA, whatever has changed."""
        for file, target in ((HERE / "captured-python", INTERPRETER), (HERE / "sender.py", SENDER)):
            engine.run("podman", "cp", str(file), f"{self.container}:{target}")
        self.converge()
        self.converge()
        self.shell(f"cp {CAPTURED} {BASE}; DEBIAN_FRONTEND=noninteractive apt-get -qq -y install {PACKAGES} >/dev/null")

    def version(self) -> str:
        """What is measured, in words."""
        system = self.shell(". /etc/os-release; echo $ID $VERSION_ID").capitalize()
        package = self.shell(f"dpkg-query --show --showformat '${{Version}}' {self.mta.package}")
        return f"{self.mta.name.capitalize()} {package} on {system}"

    def play(self, **variables: Any) -> subprocess.Popen[str]:
        """Begin a run of the role, with these variables in place of those of the first one."""
        # Secrets stand in a file, not among the arguments.
        extra = self.folder / f"{self.name}.json"
        extra.touch(mode=0o600)
        more = {"ansible_python_interpreter": INTERPRETER, "ses_mta": self.mta.name}
        extra.write_text(json.dumps({**more, **BEFORE, **variables}))
        command = ["ansible-playbook", "-i", str(INVENTORY), "mailops.ses.relay", "--limit", f"{self.name},localhost"]
        return subprocess.Popen(
            [*command, "--extra-vars", f"@{extra}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**ENVIRONMENT, "TESTBED_PREFIX": self.layout.prefix, "FAULTS_RUN": self.layout.prefix},
        )

    def converge(self, **variables: Any) -> str:
        """Run the role, which must succeed."""
        process = self.play(**variables)
        try:
            output = process.communicate(timeout=DEADLINE)[0]
        except subprocess.TimeoutExpired:
            self.kill(process)
            output = "it has not ended in time"
        if process.returncode:
            raise engine.EngineError(f"{self.mta.name}: the role failed:\n{output}")
        return output

    def kill(self, process: subprocess.Popen[str]) -> str:
        """Kill a run of the role: Ansible, its workers, and what it has running on the host; what it has printed."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        subprocess.run(["sh", "-c", KILL.format(mark=f"FAULTS_RUN={self.layout.prefix}")], check=False)
        self.host.run(KILL.format(mark="FAULTS_MODULE=1"))
        return process.communicate()[0]

    def captured(self, name: str, **variables: Any) -> str:
        """The configuring module of a run with these variables, as a file on the host; the role runs for it where no
        case has kept it."""
        if name not in self._captured:
            self.converge(**variables)
            self.keep(name)
            self.configure()
        return self._captured[name]

    def keep(self, name: str) -> None:
        """Keep the configuring module of the last run under this name."""
        self._captured[name] = f"/root/{name}.py"
        self.shell(f"cp {CAPTURED} {self._captured[name]}")

    def configure(self, module: str = BASE) -> dict[str, Any]:
        """Run the configuring module alone; what it returns."""
        done = self.host.run(f"cd /root && /usr/bin/python3 < {module}")
        _, brace, result = done.stdout.partition("{")
        found: dict[str, Any] = json.loads(brace + result) if brace else {"failed": True, "msg": done.stderr}
        return found

    # The host

    def shell(self, script: str) -> str:
        """Standard output of a script that must succeed."""
        return str(self.host.check_output(script))

    def mount(self, *arguments: str) -> None:
        """Mount something on the host, which may not do so itself."""
        process = (self.layout.state / f"{self.container}.pid").read_text().strip()
        engine.run("nsenter", "--target", process, "--mount", "--pid", *arguments)

    def runs(self) -> bool:
        """Whether somebody answers at the MTA's port."""
        return bool(self.host.run("ss -Hltn '( sport = :25 )'").stdout.strip())

    def started(self) -> bool:
        """Whether systemd has seen the MTA start."""
        return bool(self.host.run(f"systemctl is-active {self.unit}").rc == 0)

    def clean(self) -> None:
        """Nothing queued, nothing in a mailbox, the endpoint without faults and memory; the log begins here."""
        self.control.reset()
        self.mta_empty()
        self.host.run(END_DIALOGUES)
        self.cursor = self.shell("journalctl --quiet --lines 0 --show-cursor").partition("cursor: ")[2].strip()

    def mta_empty(self) -> None:
        """Delete what is queued, and what is in mailboxes."""
        self.host.run(f"{self.mta.deletion}; rm -f /var/mail/*")

    def recover(self) -> None:
        """The host as the first run of the role left it, whatever a case has done."""
        self.control.reset()
        self.mta_empty()
        self.host.run(END_DIALOGUES)
        if self.configure().get("failed"):
            self.converge()
        self.restart()

    def restart(self) -> None:
        """Restart the MTA, as often as cases want it: systemd's count of starts begins anew."""
        self.shell(f"systemctl reset-failed; {self.mta.restart}")
        if not until(self.runs, 20):
            raise engine.EngineError(f"{self.mta.name} does not come up again")

    # Mail

    def hand(self, prefix: str, most: int, way: str = "program", rate: float = 50.0, size: int = 6) -> dict[str, Any]:
        """Have the host's program hand over so many mails; which the MTA took, and which it did not."""
        with self.stream(prefix, rate, way, most, size) as process:
            return dict(json.loads(process.communicate(timeout=DEADLINE)[0]))

    @contextlib.contextmanager
    def stream(
        self, prefix: str, rate: float, way: str = "smtp", most: int = 5000, size: int = 6
    ) -> Iterator[subprocess.Popen[str]]:
        """A program on the host that hands mail over until the block ends."""
        stop = f"/run/stop-{prefix}"
        job = json.dumps({"prefix": prefix, "rate": rate, "way": way, "most": most, "size": size, "stop": stop})
        process = subprocess.Popen(
            ["podman", "exec", self.container, "python3", SENDER, job], stdout=subprocess.PIPE, text=True
        )
        try:
            yield process
        finally:
            self.host.run(f"touch {stop}")

    def queued(self) -> set[str]:
        """The mails that are in the MTA's queues."""
        return tally.tokens(self.host.run(f"{{ {QUEUED[self.mta.name]}; }} | tr -cd '[:print:]\\n'").stdout)

    def log(self, output: str = "short-precise") -> str:
        """What the host has logged since the case began."""
        return str(self.host.run(f"journalctl --quiet --output {output} --after-cursor '{self.cursor}'").stdout)

    def bounced(self) -> set[str]:
        """The mails that came back since the case began."""
        return tally.returned(self.log("cat"), self.host.run("cat /var/mail/*").stdout)
