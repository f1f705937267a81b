# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read off a host."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import (
    host_names,
    installed_packages,
    names_in_hosts,
    parse_packages,
    read,
)

DPKG = (
    "installed\tpostfix\tmail-transport-agent\n"
    "installed\tlibc6\t\n"
    "config-files\tsendmail-bin\tmail-transport-agent\n"
    "installed\texim4-daemon-light\tmail-transport-agent, exim4-localscanapi-4.2\n"
)


def test_packages_and_mtas_are_told_apart():
    packages = parse_packages(DPKG)
    assert packages.names == {"postfix", "libc6", "exim4-daemon-light"}
    assert packages.missing(["postfix", "libsasl2-modules"]) == ["libsasl2-modules"]
    assert packages.others_than("postfix") == ["exim4"]


@pytest.mark.parametrize(("mta", "others"), [("sendmail", []), ("postfix", ["sendmail"])])
def test_sendmails_packages_are_one_mta(mta, others):
    listing = "installed\tsendmail-bin\tmail-transport-agent\ninstalled\tsendmail-base\t\n"
    assert parse_packages(listing).others_than(mta) == others


def test_rpms_provides_are_read_too():
    listing = "installed\tpostfix\tMTA,smtpdaemon,postfix = 2:3.5.25,\ninstalled\tbash\t/bin/sh,\n"
    assert parse_packages(listing).others_than("sendmail") == ["postfix"]


def test_a_host_without_a_package_manager_is_an_error_that_says_so():
    with pytest.raises(LookupError, match="dpkg-query, rpm"):
        installed_packages(lambda command: (0, "", ""), which=lambda name: None)


def test_a_package_manager_that_fails_is_quoted():
    with pytest.raises(LookupError, match="database is locked"):
        installed_packages(lambda command: (2, "", "database is locked\n"), which=lambda name: f"/usr/bin/{name}")


@pytest.mark.parametrize("dpkg", [(0, "", ""), (2, "", "dpkg-query: no database\n")])
def test_a_second_package_manager_hides_nothing(dpkg):
    """EPEL has dpkg, which knows no package of the host."""
    rpm = (0, "installed\tpostfix\tMTA,\n", "")
    packages = installed_packages(lambda command: dpkg if "dpkg" in command[0] else rpm, which=lambda name: name)
    assert packages.others_than("sendmail") == ["postfix"]


@pytest.mark.parametrize("dpkg", [(0, "", ""), (2, "", "")])
def test_half_of_a_listing_is_none(dpkg):
    rpm = (1, "installed\tbash\t\n", "rpmdb is damaged\n")
    with pytest.raises(LookupError, match="rpm does not answer: rpmdb is damaged"):
        installed_packages(lambda command: dpkg if "dpkg" in command[0] else rpm, which=lambda name: name)


def test_a_file_that_cannot_be_read_has_no_text(tmp_path):
    (tmp_path / "some").write_bytes(b"a\xff\n")
    assert read(str(tmp_path / "some")) == "a\ufffd\n"
    assert read(str(tmp_path / "none")) == read(str(tmp_path)) == ""


HOSTS = "127.0.0.1 localhost\n# 10.0.0.1 web1 commented\n10.0.0.5\tweb1.corp.test web1 # ours\n10.0.0.6 web10 web1x\n"


@pytest.mark.parametrize(
    ("name", "names"),
    [("web1", ["web1.corp.test", "web1"]), ("web1.corp.test", ["web1.corp.test", "web1"]), ("web2", [])],
)
def test_the_hosts_file_gives_the_qualified_name(name, names):
    assert names_in_hosts(HOSTS, name) == names


def test_a_qualified_name_goes_first():
    assert host_names("web1", HOSTS) == ["web1.corp.test", "web1"]
