# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the scenario, two with each MTA, and rollouts over them as an engineer runs them."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from pathlib import Path

import testinfra
from testbed import warm
from testbed.layout import Layout
from testbed.relay import ENVIRONMENT, INVENTORY, Relay
from testbed.stream import Stream

NAMES = ("debian12", "debian13", "debian12s", "debian13s")
BASE = {"ses_hosts": list(NAMES), "ses_soak": 1, "ses_masquerade_domain": "example.com"}
REFUSED = "refused@example.org"  # SES takes no mail of this sender
# What a host has of its MTA, without the collection's own notes, and without the time that Debian's make notes in
# comments and what it lists of the packages.
CONFIGURATIONS = "/etc/postfix /etc/mail /etc/systemd/system"
SETTLED = r"""
for path in $(find %s -xdev ! -type d ! -name '.mailops*' 2>/dev/null | sort); do
  stat -c '%n %a %U %G %N' $path
  test -L $path || grep -av '^#####' $path | sha256sum
done
for unit in %u; do systemctl is-enabled $unit; systemctl is-active $unit; done 2>/dev/null
"""


class Fleet:
    """Rollouts that start in one directory."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder = folder
        self.hosts = {name: Relay(testinfra.get_host(f"podman://{layout.container(name)}"), layout) for name in NAMES}

    def command(self, *arguments, playbook="mailops.ses.rollout", **variables):
        given = json.dumps({**BASE, **variables})
        return ["ansible-playbook", "-i", str(INVENTORY), playbook, "--extra-vars", given, *arguments]

    def run(self, *arguments, playbook="mailops.ses.rollout", **variables):
        """Run a rollout to its end."""
        return warm.run(self.command(*arguments, playbook=playbook, **variables), ENVIRONMENT, self.folder)

    def passes(self, *arguments, **variables):
        """Run a rollout that has to pass."""
        done = self.run(*arguments, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def report(self):
        """rollout.json."""
        return json.loads((self.folder / "ses-report" / "rollout.json").read_text())

    def states(self):
        """Each host's state."""
        return {name: host["state"] for name, host in self.report()["hosts"].items()}

    def settled(self, name, directories=CONFIGURATIONS, units="postfix sendmail"):
        """What a host has of its MTA."""
        return self.hosts[name].host.run(SETTLED.replace("%s", directories).replace("%u", units)).stdout

    @contextmanager
    def streams(self, endpoint, names=NAMES, rate=5.0):
        """Mail on these hosts all the time; in the end every one has arrived, once."""
        with ExitStack() as stack:
            streams = {name: stack.enter_context(Stream(self.hosts[name], endpoint, rate)) for name in names}
            yield
        fates = {name: stream.fate for name, stream in streams.items()}
        assert {name: (fate.lost, fate.bounced, fate.waiting) for name, fate in fates.items()} == dict.fromkeys(
            names, (0, 0, 0)
        ), fates
