# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay from nothing to a delivered mail, without an account at AWS: python -m demo [postfix|sendmail]"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import Any

from ses_simulator.client import Control
from testbed import engine
from testbed.layout import Layout

HOST = "demo"
INVENTORY = engine.ROOT / "tools" / "demo-inventory.yml"
RECIPIENT = "success@simulator.amazonses.com"
# What to look at on the host.
VIEWS = {
    "postfix": "the host; try `postconf -n`, `mailq`, `journalctl`",
    "sendmail": "the host; try `cat /etc/mail/sendmail.mc`, `mailq`, `journalctl`",
}
AROUND = """
The testbed stays up. Look around:
{chosen}  tests/testbed/run podman exec -it {host} bash
                                                            {view}
  tests/testbed/run python -m ses_simulator.client --socket {state}/control.sock sessions
                                                            what the endpoint saw
  tests/testbed/run ansible-playbook -i {inventory} mailops.ses.relay -e ses_mta={mta}
                                                            a second run changes nothing
Clean up:
  tests/testbed/run python -m testbed down
"""


def step(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title}", flush=True)


def playbook(name: str, *arguments: str) -> None:
    """Run one of the collection's playbooks on the demo's host."""
    print("$", " ".join(["ansible-playbook -i", str(INVENTORY.relative_to(engine.ROOT)), name, *arguments]), flush=True)
    subprocess.run(["ansible-playbook", "-i", str(INVENTORY), name, *arguments], check=True)


def arrived(control: Control) -> dict[str, Any]:
    """The session that brought the mail; an EngineError when none does."""
    if not control.wait(timeout=30, messages=1):
        raise engine.EngineError("no mail arrived within 30 s")
    return next(session for session in control.sessions() if session["messages"])


def show(session: dict[str, Any]) -> None:
    """Print what the endpoint saw of the mail."""
    message = session["messages"][0]
    headers = dict(message["headers"])
    lines = {
        "envelope sender": message["from"],
        "From header": headers["From"],
        "recipient": ", ".join(message["to"]),
        "subject": headers["Subject"],
        "TLS": f"{session['tls']}, {session['cipher']}, on port {session['port']}",
        "user": f"{session['user']} ({session['auth_mechanism']})",
        "SES message ID": message["id"],
    }
    for name, value in lines.items():
        print(f"  {name:<16} {value}")


def give(layout: Layout, mta: str) -> None:
    """The demo, on a bare host beside a running simulator."""
    control = Control(layout.state / "control.sock")
    print(f"  {layout.container(engine.SIMULATOR)} answers for email-smtp.us-east-1.amazonaws.com")
    print(f"  {layout.container(HOST)} has no MTA")
    step("Can the host send? On which port?")
    playbook("mailops.ses.check")
    step("Make it a relay")
    playbook("mailops.ses.relay", "-e", f"ses_mta={mta}")
    step("Send a mail on it, and follow it to SES's reply")
    control.reset()
    playbook("mailops.ses.check", "-e", f"ses_probe_recipient={RECIPIENT}")
    step("What the endpoint saw of it")
    show(arrived(control))


def main(arguments: list[str]) -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("mta", nargs="?", choices=list(VIEWS), default="postfix")
    mta = parser.parse_args(arguments).mta
    layout = Layout.load()
    try:
        step("A simulated SES endpoint and a bare Debian 12 host")
        engine.up(layout, [HOST])
        give(layout, mta)
    except engine.EngineError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"demo: {error.cmd[0]} ended with {error.returncode}; its words are above", file=sys.stderr)
        return 1
    inventory = INVENTORY.relative_to(engine.ROOT)
    number = os.environ.get("TESTBED")
    chosen = f"  export TESTBED={number}\n" if number else ""
    names = {"chosen": chosen, "host": layout.container(HOST), "state": layout.state, "inventory": inventory}
    print(AROUND.format(**names, mta=mta, view=VIEWS[mta]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
