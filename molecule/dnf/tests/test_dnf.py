# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with dnf, whose MTAs stand side by side: what comes, what goes, and whose program /usr/sbin/sendmail is."""

from __future__ import annotations

import json

import pytest
import testinfra
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import SYSTEMS, names, system_of
from testbed import engine, warm
from testbed.relay import ENVIRONMENT, INVENTORY, Relay, relays, until

# A host -> the row that it is for, the MTA that it begins with, the version of dnf that Debian has for it.
HOSTS = {
    "sayrocky9": ("RedHat 9", "postfix", "4.14."),
    "sayrhel10": ("RedHat 10", "postfix", "4.23."),
    "sayamazon2023": ("Amazon 2023", "sendmail", "4.14."),
}
BOTH = ("sayrocky9", "sayamazon2023")  # have both MTAs
UNITS = {"postfix": "postfix", "sendmail": "sendmail sm-client"}
CONFIGURATIONS = {"postfix": "/etc/postfix", "sendmail": "/etc/mail /etc/sysconfig/sendmail"}
OTHER = {"postfix": "sendmail", "sendmail": "postfix"}
REPOSITORY = "/etc/yum.repos.d/testbed.repo"
DOMAIN = {"ses_masquerade_domain": "example.com"}
THROTTLED = "454 Throttling failure: Maximum sending rate exceeded."


@pytest.fixture
def machine(layout):
    """A host by its name, with an empty queue."""
    used = []

    def get(name):
        found = Relay(testinfra.get_host(*relays(name)), layout)
        found.empty()
        used.append(name)
        return found

    yield get
    for name in used:
        Relay(testinfra.get_host(*relays(name)), layout).empty()


def run(hosts, *arguments, name="mailops.ses.relay", **variables):
    """Run a playbook on hosts side by side; variables that are dictionaries have a value for each."""
    told = {
        key: f"{{{{ {json.dumps(value)}[inventory_hostname] }}}}" if isinstance(value, dict) else value
        for key, value in {**DOMAIN, **variables}.items()
    }
    command = ["ansible-playbook", "-i", str(INVENTORY), name, "--limit", ",".join([*hosts, "localhost"])]
    command += ["--extra-vars", json.dumps({"ses_hosts": "dnf", **told}), *arguments]
    return warm.run(command, ENVIRONMENT)


@pytest.mark.parametrize("name", HOSTS)
def test_it_is_what_it_is_here_for(machine, name):
    row, mta, version = HOSTS[name]
    host = machine(name).host

    def read(path):
        file = host.file(path)
        return file.content_string if file.exists else ""

    assert system_of(mta, names(read)) is SYSTEMS[row]
    assert host.check_output("dnf --version").startswith(version)
    installed = host.check_output("rpm -qa --qf '%{NAME} '").split()
    assert set(SYSTEMS[row].of(mta).packages) <= {*installed}
    assert not host.exists("dpkg-query")


@pytest.mark.parametrize("number", [0, 1])
def test_each_of_sendmails_units_brings_its_daemon_back(machine, endpoint, number):
    host = machine("sayamazon2023")
    process = host.mta.processes[number]

    def pid():
        return host.host.run(process).stdout.strip()

    killed = until("it runs", pid)
    host.host.check_output(f"kill -9 {killed}")
    host.arrived(endpoint, host.send())
    until("the process is back", lambda: pid() not in ("", killed))


def test_both_daemons_run_after_a_reboot(machine, endpoint, layout):
    host = machine("sayamazon2023")
    engine.reboot(layout, [host.name])
    assert host.host.check_output(f"systemctl is-active {UNITS['sendmail']}").split() == ["active", "active"]
    host.arrived(endpoint, host.send())


def test_an_mta_takes_the_others_place_and_nothing_is_lost(machine, endpoint):
    """There and back: Sendmail's alternative has the higher priority, so that it is chosen anew one way only."""
    before = {name: HOSTS[name][1] for name in BOTH}
    for _way in range(2):
        after = {name: OTHER[mta] for name, mta in before.items()}
        assert endpoint.wait(open=0, timeout=30)  # a session that goes on has its mails from before
        endpoint.reset()
        endpoint.fault(stage="mail", reply=THROTTLED)
        hosts = {name: machine(name) for name in BOTH}
        waiting = [host.send() for host in hosts.values()]
        for host in hosts.values():
            until("it waits", lambda host=host: any("454" in reason for reason in host.queue()))
        endpoint.clear()
        done = run(BOTH, ses_mta=after, ses_replace_mta=True, ses_replace_mta_timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        for name, host in hosts.items():
            assert host.host.run(f"rpm -q {before[name]}").rc == 1
            successor = machine(name)
            assert successor.mta.name == after[name]
            link = host.host.check_output("readlink /etc/alternatives/mta")
            assert link == f"/usr/sbin/sendmail.{after[name]}"
            assert host.host.check_output(f"systemctl is-enabled {UNITS[after[name]]}").split() == [
                "enabled" for _unit in UNITS[after[name]].split()
            ]
            waiting.append(successor.send())
        assert endpoint.wait(messages=len(waiting), timeout=30)
        subjects = [
            dict(message["headers"])["Subject"] for session in endpoint.sessions() for message in session["messages"]
        ]
        assert sorted(subjects) == sorted(waiting)  # once each
        before = after
    again = run(BOTH, ses_mta=before, ses_replace_mta=True)
    assert again.stdout.count("changed=0") == len(BOTH), again.stdout


def test_a_rollout_that_fails_gives_back_the_mta_that_was_replaced(machine, endpoint, tmp_path):
    """rpm puts a configuration aside as its package goes, and another program has become /usr/sbin/sendmail."""
    refused = "refused@example.org"
    endpoint.fault(stage="mail", matching=refused, reply="554 Message rejected: Email address is not verified.")
    hosts = {name: machine(name) for name in BOTH}

    def had(name):
        files = f"find {CONFIGURATIONS[HOSTS[name][1]]} -type f ! -name '.mailops*' | sort | xargs sha256sum"
        units = f"systemctl is-enabled {UNITS[HOSTS[name][1]]}; systemctl is-active {UNITS[HOSTS[name][1]]}"
        return hosts[name].host.check_output(f"{files}; readlink /etc/alternatives/mta; {units}")

    before = {name: had(name) for name in BOTH}
    done = run(
        BOTH,
        name="mailops.ses.rollout",
        ses_mta={name: OTHER[HOSTS[name][1]] for name in BOTH},
        ses_replace_mta=True,
        ses_sender=refused,
        ses_soak=1,
        ses_report_dir=str(tmp_path),
    )
    assert done.returncode != 0
    report = json.loads((tmp_path / "rollout.json").read_text())
    assert {name: host["state"] for name, host in report["hosts"].items()} == dict.fromkeys(BOTH, "rolled_back"), (
        done.stdout
    )
    assert {name: had(name) for name in BOTH} == before
    for host in hosts.values():
        assert host.host.run(f"rpm -q {host.mta.name}").rc == 0
        host.arrived(endpoint, host.send())
        assert host.host.run("ls /var/lib/ses-rollout").rc != 0
        other = OTHER[host.mta.name]  # stays beside it, stopped
        assert host.host.run(f"systemctl is-active {UNITS[other]}").stdout.split() == ["inactive"] * len(
            UNITS[other].split()
        )
        host.host.check_output(f"dnf --assumeyes --quiet remove {other}*")


@pytest.mark.parametrize("name", BOTH[:1])
def test_a_change_is_announced_and_the_mta_stays_where_a_package_cannot_be_had(machine, endpoint, name):
    host = machine(name)
    said = run([name], "--check", "--diff", ses_mta="sendmail", ses_replace_mta=True)
    assert said.returncode == 0, said.stdout + said.stderr
    for words in ("+sendmail-cf", "-postfix", "postfix has no message queued. It would be stopped."):
        assert words in said.stdout
    host.host.check_output(f"sed -i 's|^baseurl=.*|baseurl=file:///nowhere|' {REPOSITORY}")
    done = run([name], ses_mta="sendmail", ses_replace_mta=True)
    host.host.check_output(f"sed -i 's|^baseurl=.*|baseurl=file:///opt/repository|' {REPOSITORY}")
    assert done.returncode != 0
    assert "Fetch what takes its place" in done.stdout
    assert "testbed" in done.stdout.partition("Fetch what takes its place")[2]  # dnf's own words
    host.arrived(endpoint, host.send())


def test_the_mta_goes_on_where_the_other_ones_package_cannot_be_installed(machine, endpoint):
    host = machine(BOTH[0])
    # A directory stands where the package has a file: dnf fetches it, and fails to unpack it.
    host.host.check_output("mkdir -p /usr/sbin/sendmail.sendmail/in-the-way")
    done = run(BOTH[:1], ses_mta="sendmail", ses_replace_mta=True)
    host.host.check_output("rm -r /usr/sbin/sendmail.sendmail; dnf --assumeyes --quiet remove sendmail-cf")
    assert done.returncode != 0
    assert "is stopped with an empty queue" in " ".join(done.stdout.split())
    assert "postfix is as it was before, running." in " ".join(done.stdout.split())
    host.arrived(endpoint, host.send())


def test_the_mta_goes_on_where_it_cannot_be_removed(machine, endpoint):
    host = machine(BOTH[0])
    host.host.check_output("mkdir -p /etc/dnf/protected.d; echo postfix > /etc/dnf/protected.d/testbed.conf")
    done = run(BOTH[:1], ses_mta="sendmail", ses_replace_mta=True)
    host.host.check_output("rm /etc/dnf/protected.d/testbed.conf; dnf --assumeyes --quiet remove sendmail sendmail-cf")
    assert done.returncode != 0
    said = " ".join(done.stdout.split())
    assert "protected packages" in said
    assert "postfix is as it was before, running." in said
    assert host.host.check_output("readlink /etc/alternatives/mta") == "/usr/sbin/sendmail.postfix"
    host.arrived(endpoint, host.send())


def test_the_alternative_is_set_back_by_the_next_run(machine, endpoint):
    host = machine("sayrhel10")
    host.host.check_output("alternatives --install /usr/sbin/sendmail mta /usr/bin/true 100")
    host.host.check_output("alternatives --set mta /usr/bin/true")
    done = run(["sayrhel10"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert host.host.check_output("readlink /etc/alternatives/mta") == "/usr/sbin/sendmail.postfix"
    host.host.check_output("alternatives --remove mta /usr/bin/true")
    host.arrived(endpoint, host.send())


def test_the_systems_own_trust_anchors_are_read(machine, endpoint):
    host = machine("sayrhel10")
    bundle = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
    host.host.check_output(f"cat /etc/ssl/testbed-ca.pem >> {bundle}")
    done = run(["sayrhel10"], ses_tls_ca_file="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert host.mta.option("smtp_tls_CAfile") == bundle
    host.arrived(endpoint, host.send())


def test_its_tables_are_of_the_distributions_type(machine):
    host = machine("sayrhel10")
    assert host.mta.option("smtp_sasl_password_maps").startswith("lmdb:/etc/postfix/ses_sasl_passwd")


def test_rhel_10_has_no_sendmail(machine):
    done = run(["sayrhel10"], ses_mta="sendmail")
    assert done.returncode != 0
    assert "RHEL 10 has no Sendmail, so use the role mailops.ses.postfix there." in " ".join(done.stdout.split())


def test_the_check_finds_nothing(machine, tmp_path):
    done = run(["sayrhel10"], name="mailops.ses.check", ses_report_dir=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_egress_allowlist_comes_with_its_package(machine, endpoint, layout):
    host, playbook = machine("sayrhel10"), str(engine.ROOT / "molecule" / "dnf" / "network.yml")
    elsewhere = f"timeout 5 bash -c '</dev/tcp/{layout.regions['eu-west-1'][0]}/587'"
    assert host.host.run(elsewhere).rc == 0
    assert host.host.run("rpm -q nftables").rc == 1
    done = run(["sayrhel10"], name=playbook, ses_egress_allowlist="present")
    assert done.returncode == 0, done.stdout + done.stderr
    assert host.host.run("rpm -q nftables").rc == 0
    host.host.check_output("systemctl restart nftables")  # which flushes what it does not know
    until("it is refused again", lambda: host.host.run(elsewhere).rc == 1)
    host.arrived(endpoint, host.send())
    again = run(["sayrhel10"], name=playbook, ses_egress_allowlist="present")
    assert "changed=0" in again.stdout, again.stdout
    gone = run(["sayrhel10"], name=playbook, ses_egress_allowlist="absent")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert host.host.run(elsewhere).rc == 0
    host.host.check_output("dnf --assumeyes --quiet remove nftables")
