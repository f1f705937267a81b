# SPDX-License-Identifier: GPL-3.0-or-later
"""A role of the stranger's own that includes ours, tested by the scenario that docs/molecule.md has them copy."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conftest import VARIABLES
from ses_simulator.client import Control
from testbed import engine
from testbed.documents import block
from testbed.engine import ROOT
from testbed.stranger import DEADLINE, Stranger

SEQUENCE = ["dependency", "destroy", "syntax", "create", "converge", "idempotence", "verify", "destroy"]
# Where such a user is: with an endpoint, and without one.
WAYS = ("online", "offline")


def engine_settings(layout):
    """podman's settings here, and that containers are in the testbed's network, as others' are on the internet."""
    given = os.environ.get("CONTAINERS_CONF")
    text = Path(given).read_text() if given else "[containers]\n"
    network = f'[network]\ndefault_network = "{layout.prefix}"\n'
    return text.replace("[containers]\n", f'[containers]\ndns_servers = ["{layout.simulator_address}"]\n') + network


@pytest.fixture(scope="module")
def author(layout, tmp_path_factory):
    """Somebody with Molecule, both collections, podman's own commands, and two copies of a role of theirs."""
    stranger = Stranger(tmp_path_factory.mktemp("author"))
    stranger.install(stranger.build())
    folder = stranger.project / "collections" / "ansible_collections"
    (folder / "containers").symlink_to(ROOT / ".cache" / "collections" / "ansible_collections" / "containers")
    (stranger.project / ".ansible").mkdir(exist_ok=True)
    (stranger.project / ".ansible" / "collections").symlink_to(stranger.project / "collections")
    (stranger.project / "containers.conf").write_text(engine_settings(layout))
    stranger.environment["CONTAINERS_CONF"] = str(stranger.project / "containers.conf")
    quicker = str(ROOT / "tests" / "testbed" / "bin")
    others = [path for path in os.environ["PATH"].split(":") if path != quicker]
    stranger.environment["PATH"] = ":".join([str(ROOT / ".cache" / "venv" / "bin"), *others])
    names = {way: layout.container(f"role-{way}") for way in WAYS}
    yield stranger
    engine.remove(list(names.values()))
    built = {image for name in names.values() for image in engine.run("podman", "images", "--quiet", name).split()}
    if built:
        engine.run("podman", "rmi", "--force", *built)


@pytest.fixture(scope="module")
def password(author):
    """The SMTP password of the testbed's user, as docs/credentials.md has it derived."""
    secret = VARIABLES["ses_secret_access_key"]
    value = f"{{{{ '{secret}' | mailops.ses.smtp_password('us-east-1') }}}}"
    printed = author.run("ansible", "localhost", "-m", "ansible.builtin.debug", "-a", f"msg={value}")
    return re.search(r'"msg": "([^"]+)"', printed).group(1)


@pytest.fixture(scope="module")
def tested(author, layout, password):
    """What `molecule test` printed for each way, both at the same time, how it ended, and what the endpoint got."""
    shared = {"MOLECULE_IMAGE": layout.image("trixie")}
    real = {
        "SES_ENDPOINT": "email-smtp.us-east-1.amazonaws.com",
        "SES_SMTP_USERNAME": VARIABLES["ses_smtp_username"],
        "SES_SMTP_PASSWORD": password,
        "SES_CA_FILE": str(layout.state / "ca.pem"),
    }
    control = Control(layout.state / "control.sock")
    control.reset()
    running = {}
    for way, given in {"online": {**shared, **real}, "offline": shared}.items():
        role = author.project / way / "web"
        (role / "tasks").mkdir(parents=True)
        (role / "tasks" / "main.yml").write_text(block("molecule.md", "mailops.ses.postfix"))
        command = f"cd {role}\n{block('molecule.md', 'molecule test')}"
        settings = {**given, "MOLECULE_CONTAINER": layout.container(f"role-{way}")}
        running[way] = author.start("/bin/bash", "-euc", command, settings=settings)
    printed = {way: (process.communicate(timeout=DEADLINE)[0], process.returncode) for way, process in running.items()}
    return printed, [(session["user"], message) for session in control.sessions() for message in session["messages"]]


@pytest.mark.parametrize("way", WAYS)
def test_the_scenario_runs_whole(tested, way):
    printed, code = tested[0][way]
    assert code == 0, printed
    assert re.findall(r"^default > (\w+): Executed: Successful$", printed, re.MULTILINE) == SEQUENCE, printed


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_is_shown(password, tested, way):
    assert password not in tested[0][way][0]


def test_its_mail_arrives_and_without_an_endpoint_none(tested):
    ((user, message),) = tested[1]
    assert (user, message["from"]) == (VARIABLES["ses_smtp_username"], "root@example.com")
    assert message["to"] == ["success@simulator.amazonses.com"]


def test_no_host_is_left(layout, tested):
    listed = engine.run("podman", "ps", "--all", "--format", "{{.Names}}").split()
    assert [name for name in listed if name.startswith(layout.container("role-"))] == []
