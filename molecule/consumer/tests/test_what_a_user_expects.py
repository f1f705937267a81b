# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody expects of any role: tags, settings of their own, several uses on one host, sentences for mistakes."""

from __future__ import annotations

import json
import re

import pytest
from conftest import USER, VARIABLES, command_of, play_of

HOST = "debian13"
# What a project's ansible.cfg may say; none of it may matter to a role.
SETTINGS = {
    "ANSIBLE_GATHERING": "explicit",
    "ANSIBLE_HASH_BEHAVIOUR": "merge",
    "ANSIBLE_INJECT_FACT_VARS": "false",
    "ANSIBLE_JINJA2_NATIVE": "true",
    "ANSIBLE_PRIVATE_ROLE_VARS": "true",
    "ANSIBLE_STRATEGY": "free",
}


def role(name, use="ansible.builtin.include_role", **variables):
    return {use: {"name": name}, "vars": {**VARIABLES, **variables}}


@pytest.fixture(scope="module", autouse=True)
def relay_host(consumer):
    """The host is a relay, whichever test runs first. With pipelining the rest takes half of its time."""
    consumer.environment["ANSIBLE_PIPELINING"] = "true"
    consumer.run(*command_of(consumer, "roles", HOST))
    yield
    del consumer.environment["ANSIBLE_PIPELINING"]


def test_the_check_playbook_takes_no_privileges_and_no_variable_of_the_inventory(consumer):
    given = ("--extra-vars", json.dumps(VARIABLES), "--limit", HOST)
    printed = consumer.run(*consumer.playbook("mailops.ses.check", *given))
    assert "587" in printed
    assert (consumer.project / "ses-report" / "report.html").is_file()


@pytest.mark.parametrize("way", ["roles", "include_role"])
def test_settings_of_the_project_do_not_matter(consumer, way):
    assert "changed=0" in consumer.run(*command_of(consumer, way, HOST), **SETTINGS)


@pytest.mark.parametrize("way", ["roles", "include_role"])
def test_a_tag_on_the_role_runs_all_of_it(consumer, way):
    play = play_of(way, HOST)
    (entry,) = play.get("roles") or play["tasks"]
    entry["tags"] = ["mail"]
    if way == "include_role":  # Ansible's way for a dynamic role
        entry["ansible.builtin.include_role"]["apply"] = {"tags": ["mail"]}
    printed = consumer.run(*consumer.playbook([play], "--tags", "mail"))
    for task in ("Look at the host", "Go on with what is due", "Say how mail leaves"):
        assert f"TASK [mailops.ses.internal_relay : {task}" in printed
    assert "changed=0" in printed


def test_another_tag_runs_none_of_it(consumer):
    play = play_of("roles", HOST)
    play["roles"][0]["tags"] = ["mail"]
    printed = consumer.run(*consumer.playbook([play], "--tags", "other"))
    # The validation of the arguments is Ansible's own, which tags it `always`.
    assert len(re.findall(r"TASK \[mailops\.ses\.\w+ : (?!Validating arguments)", printed)) == 0


def test_two_plays_on_one_host(consumer, relay_on, endpoint):
    network = {"hosts": HOST, "become": True, "tasks": [role("mailops.ses.network", ses_egress_allowlist="present")]}
    closed = consumer.playbook([network, play_of("roles", HOST)])
    consumer.run(*closed)
    relay = relay_on(HOST)
    relay.arrived(endpoint, relay.send())
    assert "changed=0" in consumer.run(*closed)
    network["tasks"][0]["vars"]["ses_egress_allowlist"] = "absent"
    consumer.run(*consumer.playbook([network]))


def test_the_roles_of_one_play_do_not_mix(consumer):
    """The network role's variables have defaults of their own for what the postfix role was given."""
    both = [{"role": name, "vars": VARIABLES} for name in ("mailops.ses.network", "mailops.ses.postfix")]
    assert "changed=0" in consumer.run(*consumer.playbook([{"hosts": HOST, "become": True, "roles": both}]))


def test_a_second_use_knows_nothing_of_the_first(consumer, relay_on, endpoint):
    uses = [
        role("mailops.ses.postfix", ses_port="2587", ses_sender="first@example.com"),
        role("mailops.ses.postfix", ses_verify=False),
    ]
    play = {"hosts": HOST, "become": True, "tasks": uses}
    consumer.run(*consumer.playbook([play]))
    relay = relay_on(HOST)
    assert relay.mta.port() == 587
    _session, message = relay.arrived(endpoint, relay.send())
    assert message["from"] == "root@example.com"


def test_without_become_a_sentence_says_so(consumer):
    play = play_of("roles", HOST, ses_max_connections=9)
    del play["become"]
    printed = consumer.run(*consumer.playbook([play]), succeeds=False)
    assert "This task does not run as root, which the role needs on the host; set become to true." in printed
    assert "Traceback" not in printed


def test_a_sudo_whose_prompt_ansible_core_does_not_see(consumer, machine):
    """Debian's sudo-rs, which is Ubuntu's sudo since 25.10. The report's remedies make the same check pass."""
    machine(HOST).check_output("DEBIAN_FRONTEND=noninteractive apt-get -qq -y install sudo-rs")

    def check(program, **settings):
        given = json.dumps({**VARIABLES, "ansible_become_exe": program})
        command = consumer.playbook("mailops.ses.check", "--become", "--limit", HOST, "--extra-vars", given)
        return consumer.run(*command, **settings)

    printed = check("sudo-rs", succeeds=False, ANSIBLE_TIMEOUT="3")
    assert "Ansible reached the host, and did not become root there: Timeout" in printed
    assert "ansible_become_exe" in printed
    check("sudo")  # by Ubuntu's name sudo.ws
    machine(HOST).check_output(f"echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{USER}")
    try:
        check("sudo-rs")
    finally:
        machine(HOST).check_output(f"echo '{USER} ALL=(ALL) ALL' >/etc/sudoers.d/{USER}")
