# SPDX-License-Identifier: GPL-3.0-or-later
"""What a managed host has: its files, its names, its packages, the MTA that is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

# (arguments) -> (return code, standard output, standard error), as AnsibleModule.run_command
Runner = Callable[[list[str]], "tuple[int, str, str]"]

# Package manager's query -> one line a package: status, name, what it provides.
QUERIES: dict[str, list[str]] = {
    "dpkg-query": ["-W", "-f", "${db:Status-Status}\t${Package}\t${Provides}\n"],
    "rpm": ["-qa", "--qf", "installed\t%{NAME}\t[%{PROVIDES},]\n"],
}
# Virtual packages by which distributions mark an MTA; Debian lets only one be installed.
MTA_PROVIDES = {"mail-transport-agent", "MTA", "smtpdaemon"}
# A distribution's package of an MTA -> the MTA that it belongs to.
MTA_FAMILIES = {
    "sendmail-bin": "sendmail",
    "sendmail-base": "sendmail",
    **dict.fromkeys(("exim4-daemon-light", "exim4-daemon-heavy"), "exim4"),
}


@dataclass(frozen=True)
class Packages:
    """The installed packages, and those among them that are an MTA."""

    names: frozenset[str]
    mtas: frozenset[str]

    def missing(self, wanted: Sequence[str]) -> list[str]:
        """Those of WANTED that aren't installed, in their order."""
        return [name for name in wanted if name not in self.names]

    def others_than(self, mta: str) -> list[str]:
        """Installed MTAs that aren't MTA."""
        return sorted({MTA_FAMILIES.get(name, name) for name in self.mtas} - {mta})


def parse_packages(listing: str) -> Packages:
    """Read what a query of QUERIES printed."""
    names, mtas = set(), set()
    for line in listing.splitlines():
        status, _tab, rest = line.partition("\t")
        name, _tab, provides = rest.partition("\t")
        if status != "installed":
            continue
        names.add(name)
        virtual = {item.split("(")[0].split("=")[0].strip() for item in provides.split(",")}
        if virtual & MTA_PROVIDES:
            mtas.add(name)
    return Packages(frozenset(names), frozenset(mtas))


def installed_packages(run: Runner, which: Callable[[str], str | None] = shutil.which) -> Packages:
    """Ask the host's package managers; LookupError where none of QUERIES is there, or none answers."""
    tools = {tool: path for tool, path in ((tool, which(tool)) for tool in QUERIES) if path}
    if not tools:
        raise LookupError(f"no package manager is found; one of {', '.join(QUERIES)} is needed")
    listing, refusals = "", []
    for tool, path in tools.items():
        # All of them: EPEL has a dpkg, which knows no package of such a host.
        code, output, errors = run([path, *QUERIES[tool]])
        if code:
            refusals.append(f"{tool} does not answer: {errors.strip()}")
        else:
            listing += output
    if refusals and not listing:
        raise LookupError(" ".join(refusals))
    return parse_packages(listing)


def installed_mta(run: Runner, known: Collection[str] = ("postfix", "sendmail")) -> str | None:
    """The host's MTA among those that are KNOWN, None without one; of two, the one that /usr/sbin/sendmail leads to.
    LookupError where no package manager tells."""
    mtas = {MTA_FAMILIES.get(name, name) for name in installed_packages(run).mtas} & set(known)
    if len(mtas) > 1:
        return "postfix" if "postfix" in os.path.realpath("/usr/sbin/sendmail") else "sendmail"
    return next(iter(mtas), None)


def read(path: str) -> str:
    """A small file's text, empty where the file cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def names_in_hosts(hosts_file: str, hostname: str) -> list[str]:
    """The names of the hosts file's lines that name HOSTNAME: its qualified name, without asking DNS."""
    found: list[str] = []
    for line in hosts_file.splitlines():
        names = line.partition("#")[0].split()[1:]
        if hostname in names:
            found += [name for name in names if name not in found]
    return found


def host_names(hostname: str, hosts_file: str) -> list[str]:
    """Every name the host goes by, its own first; a qualified one before the short one."""
    # Not /etc/mailname: Debian fills it with the organisation's domain as often as with the host's name.
    names = [hostname, *names_in_hosts(hosts_file, hostname)]
    # Postfix and Sendmail take the first one for their own, and SES wants a qualified name at EHLO.
    return sorted(dict.fromkeys(name for name in names if name), key=lambda name: "." not in name)
