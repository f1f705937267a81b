# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of systems: what a host's os-release makes of it, and where a role refuses it."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import SYSTEMS, known, names, system_of
from testbed.engine import ROOT

ROLES = ("postfix", "sendmail", "network")
# What the system's own file says, as published; a host -> ID, ID_LIKE, VERSION_ID, NAME.
RELEASES = {
    "debian11": ("debian", "", "11", "Debian GNU/Linux"),
    "debian12": ("debian", "", "12", "Debian GNU/Linux"),
    "debian13": ("debian", "", "13", "Debian GNU/Linux"),
    "debian14": ("debian", "", "14", "Debian GNU/Linux"),
    "sid": ("debian", "", "", "Debian GNU/Linux"),
    "raspbian12": ("raspbian", "debian", "12", "Raspbian GNU/Linux"),
    "ubuntu2204": ("ubuntu", "debian", "22.04", "Ubuntu"),
    "ubuntu2404": ("ubuntu", "debian", "24.04", "Ubuntu"),
    "ubuntu2604": ("ubuntu", "debian", "26.04", "Ubuntu"),
    "rhel9": ("rhel", "fedora", "9.4", "Red Hat Enterprise Linux"),
    "rocky9": ("rocky", "rhel centos fedora", "9.4", "Rocky Linux"),
    "alma9": ("almalinux", "rhel centos fedora", "9.4", "AlmaLinux"),
    "stream9": ("centos", "rhel fedora", "9", "CentOS Stream"),
    "oracle9": ("ol", "fedora", "9.4", "Oracle Linux Server"),
    "rhel10": ("rhel", "fedora", "10.0", "Red Hat Enterprise Linux"),
    "rocky10": ("rocky", "rhel centos fedora", "10.0", "Rocky Linux"),
    "amazon2023": ("amzn", "fedora", "2023", "Amazon Linux"),
    "amazon2027": ("amzn", "fedora", "2027", "Amazon Linux"),
    "fedora44": ("fedora", "", "44", "Fedora Linux"),
    "debian10": ("debian", "", "10", "Debian GNU/Linux"),
    "ubuntu2004": ("ubuntu", "debian", "20.04", "Ubuntu"),
    "mint22": ("linuxmint", "ubuntu debian", "22", "Linux Mint"),
    "rhel8": ("rhel", "fedora", "8.10", "Red Hat Enterprise Linux"),
    "fedora43": ("fedora", "", "43", "Fedora Linux"),
    "amazon2": ("amzn", "centos rhel fedora", "2", "Amazon Linux"),
    "mageia9": ("mageia", "mandriva fedora", "9", "Mageia"),
    "suse15": ("sles", "suse", "15.6", "SLES"),
    "alpine": ("alpine", "", "3.22.1", "Alpine Linux"),
    "nothing": ("", "", "", ""),
}
# A host -> the row of the table that it has, or for each role words of the refusal.
ROWS = {
    "debian11": "Debian 11",
    "debian12": "Debian 12",
    "debian13": "Debian 13",
    "debian14": "Debian 14",
    "sid": "Debian forky/sid",
    "raspbian12": "Debian 12",
    "ubuntu2204": "Ubuntu 22",
    "ubuntu2404": "Ubuntu 24",
    "ubuntu2604": "Ubuntu 26",
    "rhel9": "RedHat 9",
    "rocky9": "RedHat 9",
    "alma9": "RedHat 9",
    "stream9": "RedHat 9",
    "oracle9": "RedHat 9",
    "rhel10": "RedHat 10",
    "rocky10": "RedHat 10",
    "amazon2023": "Amazon 2023",
    "amazon2027": "Amazon 2027",
    "fedora44": "Fedora 44",
}
REFUSED = {
    ("rhel10", "sendmail"): "RHEL 10 has no Sendmail",
    ("rocky10", "sendmail"): "use the role mailops.ses.postfix",
    ("debian10", "postfix"): "This host is Debian 10, where this role does not run",
    ("debian10", "network"): "Debian 10, where this role installs nothing",
    ("ubuntu2004", "postfix"): "Ubuntu 20, of the family Debian 20,",
    ("mint22", "sendmail"): "Linux Mint 22, of the family Debian 22,",
    ("rhel8", "network"): "Install nftables",
    ("fedora43", "postfix"): "Fedora 43, of the family RedHat 43,",
    ("amazon2", "sendmail"): "It runs on Debian 11, Debian 12,",
    ("mageia9", "postfix"): "Mageia 9, of the family Mandrake 9,",
    ("suse15", "postfix"): "RedHat stands for RHEL",
    ("alpine", "postfix"): "Alpine Linux 3",
    ("nothing", "network"): "This host is linux, where",
}


def host(name):
    """What the host of this name is."""
    values = zip(("ID", "ID_LIKE", "VERSION_ID", "NAME"), RELEASES[name], strict=True)
    release = "# a comment\n" + "".join(f'{key}="{value}"\n' for key, value in values if value)
    version = {"sid": "forky/sid\n"}.get(name, "")
    return names(files({"/usr/lib/os-release": release, "/etc/debian_version": version}))


def files(texts):
    """A reader of files; one that is not there reads as empty."""
    return lambda path: texts.get(path, "")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", RELEASES)
def test_a_system_has_its_row_or_is_refused_in_words(name, role):
    refusal = REFUSED.get((name, role))
    if name in ROWS and not refusal:
        assert system_of(role, host(name)) is SYSTEMS[ROWS[name]]
        return
    with pytest.raises(LookupError, match=refusal or "^This host is ") as told:
        system_of(role, host(name))
    assert f"{', '.join(known(role))}; RedHat stands for RHEL and its rebuilds." in str(told.value)


def test_each_row_is_some_hosts():
    assert set(ROWS.values()) == set(SYSTEMS)


def test_where_dnf5_is_the_package_manager_ansibles_module_for_it_is_used():
    """Its other module needs Python bindings that such a host lacks; both take what the roles set for all of them."""
    assert {name for name, system in SYSTEMS.items() if system.family.package_manager == "dnf5"} == {
        "Fedora 44",
        "Amazon 2027",
    }
    for tasks in ("internal_relay/tasks/packages.yml", "network/tasks/install.yml"):
        (task,) = yaml.safe_load((ROOT / "roles" / tasks).read_text())
        defaults = task["module_defaults"]
        assert defaults["ansible.builtin.dnf5"] == defaults["ansible.builtin.dnf"]


def test_quotes_of_either_kind_and_none_are_read():
    for release in ("ID=debian\nVERSION_ID='12'\n", 'ID="debian"\nVERSION_ID="12"\n', "ID=debian\nVERSION_ID=12\n"):
        assert names(files({"/etc/os-release": release})) == ["Debian 12"]


@pytest.mark.parametrize("manager", ["dnf", "dnf5"])
def test_dnf5_takes_the_command_that_fetches_packages(manager):
    """It knows the options of a command after the command's name only; dnf 4 takes both orders."""
    variables = yaml.safe_load((ROOT / "roles" / "internal_relay" / "vars" / f"{manager}.yml").read_text())
    (fetch,) = variables["__ses_fetch"]
    words = fetch.replace("'", "").replace("[", " ").replace("]", " ").replace(",", " ").split()
    assert manager in words
    assert words.index("install") < words.index("--downloadonly") < words.index("__ses_plan.missing_packages")


def test_dnf5_removes_with_an_mta_what_needs_it():
    """Its module refuses that by default, where dnf 4's does it: sendmail-cf needs sendmail."""
    tasks = yaml.safe_load((ROOT / "roles" / "internal_relay" / "tasks" / "alternative.yml").read_text())
    block = next(task["block"] for task in tasks if "block" in task)
    (removal,) = (task for task in block if task.get("ansible.builtin.package", {}).get("state") == "absent")
    assert removal["module_defaults"] == {"ansible.builtin.dnf5": {"allowerasing": True}}


def test_each_package_manager_of_the_table_has_its_ways():
    found = {path.stem for path in (ROOT / "roles" / "internal_relay" / "vars").glob("*.yml")} - {"main"}
    assert found == {system.family.package_manager for system in SYSTEMS.values()}


@pytest.mark.parametrize("role", ROLES)
def test_galaxy_is_told_the_tables_platforms(role):
    info = yaml.safe_load((ROOT / "roles" / role / "meta" / "main.yml").read_text())["galaxy_info"]
    told = {f"{platform['name']} {version}" for platform in info["platforms"] for version in platform["versions"]}
    assert told == {SYSTEMS[name].platform for name in known(role)} - {""}
