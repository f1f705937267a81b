# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay from nothing to a delivered mail, without an account at AWS: python -m demo [postfix|sendmail] [--aws]

With --aws it begins at an empty account, which is played on this machine as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from aws import Account
from ses_simulator.client import Control
from testbed import engine
from testbed.layout import Layout

sys.path.insert(0, str(engine.ROOT / ".cache" / "collections"))  # where set-up has linked this checkout

from ansible_collections.mailops.ses.plugins.module_utils._aws.policy import send_policy  # noqa: E402  (by the line above)

HOST = "demo"
INVENTORY = engine.ROOT / "tools" / "demo-inventory.yml"
RECIPIENT = "success@simulator.amazonses.com"
REGION, DOMAIN, USER = "us-east-1", "example.com", "relay"
# What the inventory of a user with an account has besides.
OF_ACCOUNT = {
    "ses_configuration_set": "fleet",
    "ses_aws_user": USER,
    "ses_credential_store": {"secretsmanager": "mail/ses"},
    "ses_aws": True,
}
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
{again}Clean up:
  tests/testbed/run python -m testbed down
"""
# With an account there is nothing to log in with any more, once the account has gone.
AGAIN = """  tests/testbed/run ansible-playbook -i {inventory} mailops.ses.relay -e ses_mta={mta}
                                                            a second run changes nothing
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


def give_with_account(layout: Layout, mta: str, account: Account) -> None:
    """The demo from an empty account on, whose credentials are in the environment."""
    control = Control(layout.state / "control.sock")
    account.user(USER, send_policy(DOMAIN, REGION, "*", "fleet")["Statement"][0])
    account.join(control, REGION)
    print(f"  {account.endpoint} answers for AWS: an account in the sandbox, with the IAM user {USER} and nothing else")
    print(f"  {layout.container(HOST)} has no MTA")
    given = ("-e", json.dumps({**OF_ACCOUNT, "ses_mta": mta}))
    step("What relays need of AWS, from nothing")
    playbook("mailops.ses.aws", *given)
    step("The rows are in DNS, and AWS grants production access")
    region = account.region(REGION)
    region.production, region.max_24_hours, region.max_per_second = True, 50_000.0, 14.0
    account.verify(DOMAIN, REGION)
    step("Make the host a relay, with the credential out of the store")
    playbook("mailops.ses.relay", *given)
    step("Send a mail on it, and follow it to SES's reply; ask the account, too")
    control.reset()
    account.tell()
    playbook("mailops.ses.check", *given, "-e", f"ses_probe_recipient={RECIPIENT}")
    step("What the endpoint saw of it")
    show(arrived(control))


def main(arguments: list[str]) -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("mta", nargs="?", choices=list(VIEWS), default="postfix")
    parser.add_argument("--aws", action="store_true", help="begin at an empty account of AWS, played on this machine")
    given = parser.parse_args(arguments)
    mta = given.mta
    layout = Layout.load()
    try:
        step("A simulated SES endpoint and a bare Debian 12 host")
        engine.up(layout, [HOST])
        if given.aws:
            with Account([REGION]) as account:
                os.environ.update(account.environment)
                give_with_account(layout, mta, account)
        else:
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
    again = "" if given.aws else AGAIN.format(inventory=inventory, mta=mta)
    names = {"chosen": chosen, "host": layout.container(HOST), "state": layout.state, "again": again}
    print(AROUND.format(**names, view=VIEWS[mta]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
