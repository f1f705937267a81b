# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger's project: the collection's tarball, an inventory, hosts that an ordinary user reaches by SSH."""

from __future__ import annotations

import json
import subprocess
from shlex import quote

import pytest
import testinfra
import yaml
from testbed import engine
from testbed.mta import Postfix, Sendmail
from testbed.relay import Relay
from testbed.stranger import DEADLINE, Stranger

WAYS = {"debian12": "import_role", "debian13": "roles", "check1": "include_role", "check2": "mailops.ses.relay"}
# The MTA of each. One with Sendmail has to be a check host: those are removed at the end.
MTAS = {name: Sendmail if name == "check1" else Postfix for name in WAYS}
USER, SUDO_PASSWORD = "deploy", "a password of sudo's"
# What a cloud image has and these images lack; the endpoint's CA becomes one of the host's own, as AWS's is.
PREPARE = f"""
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends openssh-server openssh-sftp-server sudo
cp /etc/ssl/testbed-ca.pem /usr/local/share/ca-certificates/testbed.crt
update-ca-certificates
useradd --create-home --shell /bin/bash {USER}
printf '%s' {quote(f"{USER}:{SUDO_PASSWORD}")} | chpasswd
printf '{USER} ALL=(ALL) ALL\\n' > /etc/sudoers.d/{USER}
install -d -m 0700 -o {USER} -g {USER} /home/{USER}/.ssh
cat > /home/{USER}/.ssh/authorized_keys
"""
VARIABLES = {
    "ses_region": "us-east-1",
    "ses_smtp_username": "AKIATESTBEDUSEAST123",
    "ses_secret_access_key": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLETEST1",
    "ses_masquerade_domain": "example.com",
}


class Consumer(Stranger):
    """A project with an inventory of one group, and no variable in it that is the collection's."""

    def inventory(self, file, addresses):
        """Write one: an ordinary user who becomes root by sudo's password."""
        options = "-F none -o UserKnownHostsFile=known_hosts -o StrictHostKeyChecking=accept-new"
        connection = {
            "ansible_user": USER,
            "ansible_ssh_private_key_file": str(self.project / "key"),
            "ansible_ssh_common_args": options,
            "ansible_become_password": SUDO_PASSWORD,
            "ansible_python_interpreter": "auto_silent",
        }
        hosts = {name: {"ansible_host": address} for name, address in addresses.items()}
        (self.project / file).write_text(
            json.dumps({"all": {"children": {"mail": {"hosts": hosts, "vars": connection}}}})
        )

    def playbook(self, play, *arguments):
        """The words of a command that runs a play of ours, or a playbook by its name."""
        name = play
        if not isinstance(play, str):
            name = f"play{len(list(self.project.glob('play*.yml')))}.yml"
            (self.project / name).write_text(yaml.safe_dump(play, sort_keys=False))
        return ["ansible-playbook", "-i", "hosts.json", name, *arguments]


def play_of(way, host, **variables):
    """A play that makes HOST a relay in one of the ways to use its MTA's role."""
    given = {**VARIABLES, **variables}
    role = f"mailops.ses.{MTAS[host].name}"
    if way == "roles":
        return {"hosts": host, "become": True, "roles": [{"role": role, "vars": given}]}
    task = {f"ansible.builtin.{way}": {"name": role}, "vars": given}
    return {"hosts": host, "become": True, "gather_facts": False, "tasks": [task]}


def command_of(consumer, way, host, *arguments):
    """The same as a command, or the playbook by its name."""
    if way.startswith("mailops"):
        return consumer.playbook(way, "--limit", host, "--extra-vars", json.dumps(VARIABLES), *arguments)
    return consumer.playbook([play_of(way, host)], *arguments)


@pytest.fixture(scope="session")
def consumer(layout, tmp_path_factory):
    """The project, and bare hosts for it; at the end none that the scenario did not get."""
    stranger = Consumer(tmp_path_factory.mktemp("project"))
    stranger.install(stranger.build())
    stranger.inventory("hosts.json", {name: layout.hosts[name].address for name in WAYS})
    # The host as the examples of the documentation call it.
    stranger.inventory("examples.json", {"web1": layout.hosts["debian12"].address})
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", stranger.project / "key"], check=True)
    engine.renew(layout, list(WAYS))
    prepared = [
        subprocess.Popen(
            ["podman", "exec", "-i", layout.container(name), "sh", "-euc", PREPARE],
            stdin=(stranger.project / "key.pub").open(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in WAYS
    ]
    for process in prepared:
        printed, _ = process.communicate(timeout=DEADLINE)
        assert process.returncode == 0, printed
    yield stranger
    engine.remove([layout.container(name) for name in WAYS if name.startswith("check")])


@pytest.fixture(scope="session")
def machine(layout):
    """A host as testinfra sees it, by its name in testbed.toml."""

    def named(name):
        return testinfra.get_host(f"podman://{layout.container(name)}")

    return named


@pytest.fixture
def relay_on(machine, layout):
    """A relay that sends and looks for its mail."""
    return lambda name: Relay(machine(name), layout)
