# SPDX-License-Identifier: GPL-3.0-or-later
"""A role of the stranger's own that includes ours, tested by the scenario that docs/molecule.md has them copy."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conftest import VARIABLES
from testbed import engine
from testbed.documents import block
from testbed.engine import ROOT
from testbed.stranger import DEADLINE, Stranger

ENDPOINT = "email-smtp.us-east-1.amazonaws.com"
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
    built = [image for name in names.values() for image in engine.run("podman", "images", "-q", name).split()]
    engine.run("podman", "rmi", "--force", *built)


@pytest.fixture(scope="module")
def tested(author, layout):
    """What `molecule test` printed for each way, both at the same time, and how it ended."""
    shared = {"MOLECULE_IMAGE": layout.image("trixie")}
    real = {
        "SES_ENDPOINT": ENDPOINT,
        "SES_SMTP_USERNAME": VARIABLES["ses_smtp_username"],
        "SES_SMTP_PASSWORD": password(author),
        "SES_CA_FILE": str(layout.state / "ca.pem"),
    }
    running = {}
    for way in WAYS:
        role = author.project / way / "web"
        (role / "tasks").mkdir(parents=True)
        (role / "tasks" / "main.yml").write_text(block("molecule.md", "mailops.ses.postfix"))
        settings = {
            **shared,
            "MOLECULE_CONTAINER": layout.container(f"role-{way}"),
            **(real if way == "online" else {}),
        }
        command = f"cd {role}\n{block('molecule.md', 'molecule test')}"
        running[way] = author.start("/bin/bash", "-euc", command, settings=settings)
    return {way: (process.communicate(timeout=DEADLINE)[0], process.returncode) for way, process in running.items()}


def password(author):
    """The SMTP password of the testbed's user, as docs/credentials.md has it derived."""
    secret = VARIABLES["ses_secret_access_key"]
    value = f"{{{{ '{secret}' | mailops.ses.smtp_password('us-east-1') }}}}"
    printed = author.run("ansible", "localhost", "-m", "ansible.builtin.debug", "-a", f"msg={value}")
    return re.search(r'"msg": "([^"]+)"', printed).group(1)


@pytest.mark.parametrize("way", WAYS)
def test_the_scenario_runs_whole(tested, way):
    printed, code = tested[way]
    assert code == 0, printed
    actions = re.findall(r"^default > (\w+): Executed: Successful$", printed, re.MULTILINE)
    assert actions == SEQUENCE, printed
