# SPDX-License-Identifier: GPL-3.0-or-later
"""The systems that the roles run on: one table, the system that a host is, and what is said of any other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

# What AWS recommends and Debian installs beside them: without it every log-in fails with "no mechanism available".
_SASL = {"apt": "libsasl2-modules", "dnf": "cyrus-sasl-plain"}


@dataclass(frozen=True)
class Family:
    """What the systems of a family have alike."""

    package_manager: str
    ca_bundle: str  # of trust anchors


@dataclass(frozen=True)
class PostfixThere:
    """Postfix as a system packages it."""

    packages: tuple[str, ...]
    program: str = ""  # that the alternative "mta" leads to, where the system has one
    unit: str = "postfix"  # which runs it
    umbrella_unit: str = ""  # which stands for it, and is what hooks of the system reload
    chroot: str = "n"  # whether services run in the queue directory

    @property
    def units(self) -> list[str]:
        """Every unit that has to do with it."""
        return [unit for unit in (self.unit, self.umbrella_unit) if unit]


@dataclass(frozen=True)
class SendmailThere:
    """Sendmail as a system packages it."""

    packages: tuple[str, ...]
    settings_file: str
    settings: Mapping[str, str]
    control_socket: str
    submission_queue: str
    program: str = ""  # that the alternative "mta" leads to, where the system has one
    # Features that it was built with. Without alternative names of a certificate the subject counts, and SES's subject
    # is the endpoint's name as well.
    later_features: Mapping[str, list[str]] = field(default_factory=dict)
    units: tuple[str, ...] = ("sendmail",)


@dataclass(frozen=True)
class System:
    """A row of the table. A role that is not in it does not run on that system."""

    platform: str  # its name at Galaxy; empty where Galaxy has none for it yet
    family: Family
    postfix: PostfixThere | None = None
    sendmail: SendmailThere | None = None

    def of(self, mta: str) -> Any:
        """PostfixThere or SendmailThere, None where the MTA's role does not run."""
        return getattr(self, mta)


APT = Family("apt", "/etc/ssl/certs/ca-certificates.crt")
DNF = Family("dnf", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem")
# Ansible has a module of its own for each: that of dnf needs Python bindings that hosts with dnf5 lack.
DNF5 = replace(DNF, package_manager="dnf5")

POSTFIX_APT = PostfixThere(("postfix", _SASL["apt"], "ca-certificates"), chroot="y")
# postfix.service only stands for the instances there, and is active even when none runs.
POSTFIX_INSTANCES = replace(POSTFIX_APT, unit="postfix@-", umbrella_unit="postfix")
POSTFIX_DNF = PostfixThere(("postfix", _SASL["dnf"], "ca-certificates"), program="/usr/sbin/sendmail.postfix")
# The map type of the distribution is in a package of its own.
POSTFIX_AMAZON = replace(POSTFIX_DNF, packages=("postfix", "postfix-lmdb", _SASL["dnf"], "ca-certificates"))

SENDMAIL_8_15 = SendmailThere(
    # Without sensible-mda the local mailer has no program; the package only recommends it.
    ("sendmail-bin", "sendmail-cf", "sensible-mda", _SASL["apt"], "m4", "make", "ca-certificates"),
    settings_file="/etc/mail/sendmail.conf",
    # A daemon flushes what was submitted while Sendmail was down; Debian leaves that to cron, every 20 minutes. All
    # mail is queued first; the queue's interval is that of other queue groups than ours, and not persistent.
    settings={"MSP_MODE": "Daemon", "MSP_INTERVAL": "1m", "QUEUE_MODE": "Daemon", "QUEUE_INTERVAL": "1m"},
    control_socket="/var/run/sendmail/mta/smcontrol",  # the distribution's own
    submission_queue="/var/spool/mqueue-client",
)
SENDMAIL_APT = replace(SENDMAIL_8_15, later_features={"check_cert_altnames": []})
SENDMAIL_DNF = SendmailThere(
    ("sendmail", "sendmail-cf", _SASL["dnf"], "m4", "make", "ca-certificates"),
    settings_file="/etc/sysconfig/sendmail",
    # What was submitted while Sendmail was down is flushed within a minute; the distribution's hour is long.
    settings={"SENDMAIL_OPTS": "-q1m"},
    control_socket="/run/sendmail.control",
    submission_queue="/var/spool/clientmqueue",
    program="/usr/sbin/sendmail.sendmail",
)

SYSTEMS: Mapping[str, System] = {
    "Debian 11": System("Debian bullseye", APT, POSTFIX_INSTANCES, SENDMAIL_8_15),
    "Debian 12": System("Debian bookworm", APT, POSTFIX_INSTANCES, SENDMAIL_APT),
    "Debian 13": System("Debian trixie", APT, POSTFIX_APT, SENDMAIL_APT),
    "Debian 14": System("Debian forky", APT, POSTFIX_APT, SENDMAIL_APT),
    "Debian forky/sid": System("Debian sid", APT, POSTFIX_APT, SENDMAIL_APT),
    "Ubuntu 22": System("Ubuntu jammy", APT, POSTFIX_INSTANCES, SENDMAIL_8_15),
    "Ubuntu 24": System("Ubuntu noble", APT, POSTFIX_INSTANCES, SENDMAIL_APT),
    "Ubuntu 26": System("Ubuntu resolute", APT, POSTFIX_APT, SENDMAIL_APT),
    "RedHat 9": System("EL 9", DNF, POSTFIX_DNF, SENDMAIL_DNF),
    "RedHat 10": System("EL 10", DNF, POSTFIX_DNF),
    "Fedora 44": System("Fedora 44", DNF5, POSTFIX_DNF, SENDMAIL_DNF),
    "Amazon 2023": System("Amazon Linux 2023", DNF, POSTFIX_AMAZON, SENDMAIL_DNF),
    "Amazon 2027": System("", DNF5, POSTFIX_AMAZON, SENDMAIL_DNF),
}


@dataclass(frozen=True)
class Refusal:
    """What a role says where it does not run, and what helps."""

    fault: str
    runs: str
    remedy: str = ""
    remedies: Mapping[str, str] = field(default_factory=dict)  # of some systems


REFUSALS: Mapping[str, Refusal] = {
    "postfix": Refusal("this role does not run", "It runs on"),
    "sendmail": Refusal(
        "this role does not run",
        "It runs on",
        remedies={"RedHat 10": "RHEL 10 has no Sendmail, so use the role mailops.ses.postfix there."},
    ),
    "network": Refusal(
        "this role installs nothing",
        "It does on",
        "Install nftables, which the egress allowlist needs, then try again.",
    ),
}
# os-release's ID -> the name in the table; other systems have their own.
_NAMES = {"debian": "Debian", "ubuntu": "Ubuntu", "rhel": "RedHat", "fedora": "Fedora", "amzn": "Amazon"}
# Words of ID and ID_LIKE -> the system that such a one is a rebuild of. Mageia is "mandriva fedora", and its 9 no RHEL.
_FAMILIES = {
    "rhel": "RedHat",
    "centos": "RedHat",
    "fedora": "RedHat",
    "mandriva": "Mandrake",
    "debian": "Debian",
    "suse": "Suse",
}
_LINE = re.compile(r"""^([A-Z_]+)=(["']?)(.*)\2\s*$""", re.MULTILINE)


def names(read: Callable[[str], str]) -> list[str]:
    """What a host is, itself first, then what it is a rebuild of. READ gives a file's text, empty without one."""
    release = read("/etc/os-release") or read("/usr/lib/os-release")
    values = {found[1]: found[3] for found in _LINE.finditer(release)}
    ours = values.get("ID", "linux")
    # What is to become a release has no number yet.
    version = values.get("VERSION_ID", "").partition(".")[0] or read("/etc/debian_version").strip()
    name = _NAMES.get(ours) or values.get("NAME") or ours
    family = next((_FAMILIES[word] for word in [ours, *values.get("ID_LIKE", "").split()] if word in _FAMILIES), name)
    return list(dict.fromkeys(f"{one} {version}".strip() for one in (name, family)))


def known(role: str) -> list[str]:
    """The systems that a role (postfix, sendmail, network) runs on."""
    return [name for name, system in SYSTEMS.items() if role == "network" or system.of(role)]


def system_of(role: str, host: list[str]) -> System:
    """The row of a host of these names; LookupError with a sentence where the role does not run there."""
    there = known(role)
    name = next((one for one in host if one in there), None)
    if name is None:
        raise LookupError(_refusal(role, host, there))
    return SYSTEMS[name]


def _refusal(role: str, host: list[str], there: list[str]) -> str:
    said = REFUSALS[role]
    sentences = [
        f"This host is {', of the family '.join(host)}, where {said.fault}.",
        f"{said.runs} {', '.join(there)}; RedHat stands for RHEL and its rebuilds.",
        *(said.remedies[name] for name in host if name in said.remedies),
        said.remedy,
    ]
    return " ".join(filter(None, sentences))
