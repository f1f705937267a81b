# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose MTA no role has configured, and what is asked of both modules in the terms of each MTA."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import testinfra
from testbed import mta
from testbed.engine import ROOT
from testbed.mta import REGION_ENDPOINT
from testbed.relay import until

HERE = Path(__file__).resolve().parent
PLACE = "/opt/config_test"
PRISTINE = "/opt/config_pristine"  # outlives a run that was killed
TRACE = "/run/trace"
# What changes modes and names of files, and what the tracing of processes needs besides.
FILES = "execve,/^(open|creat|mkdir|rename|link|unlink|fchmod|chmod|umask|chdir|clone|fork|vfork)"
USER, PASSWORD, OTHER = "AKIAIOSFODNN7EXAMPLE", "oneL0ngPassw0rd", "an0therL0ngPassw0rd"

sys.path.append(str(ROOT / ".cache" / "collections"))


def arguments_of(module: str) -> dict[str, Any]:
    """A module's argument spec."""
    return dict(import_module(f"ansible_collections.mailops.ses.plugins.modules.{module}").ARGUMENTS)


def filled(arguments: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What was given, with the defaults of an argument spec beside it, as Ansible fills it in."""
    values = {**{option: argument.get("default") for option, argument in arguments.items()}, **given}
    for option, argument in arguments.items():
        if "options" in argument:
            values[option] = [filled(argument["options"], item) for item in values[option]]
    return values


class Host(mta.Mta):
    """Either MTA, as a module finds it."""

    settings: tuple[str, ...] = ()  # the files that the module changes in place
    arguments: dict[str, Any] = {}  # the module's
    wanted: dict[str, Any] = {}  # a relay; its credentials stand first among its tables
    needs_restart: dict[str, Any] = {}  # what a reload does not bring into force
    restore = ""  # beside the directory
    start = ""
    secret_file = ""  # the one that holds the credentials
    table = ""  # of rows that are no secret
    sample = ("", "")  # a row in it
    edit = ""  # of that row, by hand
    foreign_index = ""  # for that table, of another content
    main_damage = ""  # to what the MTA reads, which the next run repairs
    broken, broken_words = "", ""  # what makes the configuration senseless, and what the MTA says of it
    refused: dict[str, tuple[dict[str, Any], str]] = {}
    tools: tuple[str, ...] = ()  # that get the credentials

    def __init__(self, container: str) -> None:
        super().__init__(testinfra.get_host(f"podman://{container}"))
        self.container = container

    @staticmethod
    def credentials(password: str = PASSWORD) -> dict[str, Any]:
        """The table of the credentials."""
        raise NotImplementedError

    @staticmethod
    def numbered(number: int) -> dict[str, Any]:
        """A configuration whose smart host and password have the name `passwordN`."""
        raise NotImplementedError

    def secrets(self) -> str:
        """The table of the credentials as the MTA's own tool reads it."""
        return self.listing(self.credentials()["name"])

    def sampled(self) -> str:
        """The value of SAMPLE's key as the MTA's own tool reads it."""
        return self.row(self.table, self.sample[0])

    def exec(self, *argv: str) -> list[str]:
        return ["podman", "exec", "-i", self.container, *argv]

    def run(self, *argv: str, stdin: str = "", check: bool = True) -> str:
        done = subprocess.run(
            self.exec(*argv), input=stdin, capture_output=True, text=True, check=False, timeout=90, errors="replace"
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, script: str, check: bool = True) -> str:
        return self.run("sh", "-c", script, check=check)

    def job(self, check: bool = False, **params: Any) -> str:
        """The driver's input: the module's parameters, with its defaults filled in."""
        return json.dumps({"params": filled(self.arguments, params), "check": check})

    @property
    def driver(self) -> list[str]:
        return ["python3", f"{PLACE}/driver.py", self.name]

    def configure(self, check: bool = False, **params: Any) -> dict[str, Any]:
        """What the module would return."""
        return dict(json.loads(self.run(*self.driver, stdin=self.job(check, **params))))

    def load(self, **params: Any) -> None:
        """Reload the MTA, which it does after the command has ended, until nothing is due any more."""
        self.shell(self.reload)
        until("the reload", lambda: self.configure(check=True, **params)["action"] == "none")

    def disturbed(self, what: str, **params: Any) -> str:
        """What a run says to whose renames something happens, which strace words: `signal=KILL:when=1`."""
        inject = ["strace", "-o", "/dev/null", "-e", "trace=/^rename", "-e", f"inject=/^rename:{what}"]
        return self.run(*inject, *self.driver, stdin=self.job(**params), check=False)

    def traced(self, *argv: str, stdin: str = "") -> list[str]:
        """The calls of a command that begins without any umask, and of all that it starts: `time pid call`."""
        self.shell(f"rm -f {TRACE}.*")
        strace = f"umask 0; exec strace -ff -ttt -y -v -s 9999 -e trace='{FILES}' -o {TRACE} \"$@\""
        self.run("sh", "-c", strace, "sh", *argv, stdin=stdin)
        calls = self.shell(f'cd {TRACE[:4]} && for f in trace.*; do sed "s/ / ${{f#trace.}} /" $f; done | sort')
        self.shell(f"rm -f {TRACE}.*")
        return calls.splitlines()

    def state(self) -> str:
        """Everything about the directory that a run could change."""
        return self.shell(
            f"cd {self.directory} && find . -mindepth 1 -printf '%p %m %u %g %i %T@ %l\\n' | sort; "
            "find . -type f -exec sha256sum {} + | sort; ls -lA /var/spool/mqueue 2>/dev/null; true"
        )

    def leftovers(self) -> list[str]:
        """What only a killed run leaves; the way back stays."""
        return self.shell(f"find {self.directory} -name '.mailops-*' ! -name .mailops-previous").split()

    def text(self, name: str) -> str:
        return self.run("cat", f"{self.directory}/{name}")

    def put(self, name: str, content: str) -> None:
        self.run("sh", "-c", f"cat > {self.directory}/{name}", stdin=content)

    def mode(self, name: str) -> str:
        return self.shell(f"stat -c '%U:%G %a' {self.directory}/{name}").strip()


class Postfix(mta.Postfix, Host):
    settings = ("main.cf", "master.cf")
    arguments = arguments_of("postfix_config")
    key = f"[{REGION_ENDPOINT}]:587"
    hash = {"default_database_type": "hash"}
    start = "postfix reload 2>/dev/null || postfix start 2>/dev/null"
    secret_file, table, sample = "cred.db", "generic", ("@Web1.corp.test", "x@example.com")
    edit = "echo '# edited' >> generic"
    foreign_index = "postmap hash:/etc/postfix/other; mv other.db generic.db"
    main_damage = "printf 'inet_protocols = ipx\\nrelayhost = ${broken\\n' >> main.cf"
    broken, broken_words = "echo junk >> main.cf", "missing '='"
    tools = ("postmap",)
    refused = {
        "a setting": ({"parameters": {"no_such_parameter": 1}}, "no_such_parameter"),
        "an option": (
            {"services": [{"name": "smtp", "type": "unix", "options": {"no_such_option": "1"}}]},
            "no_such_option",
        ),
        "a map": ({"parameters": {"smtp_generic_maps": "nosuchmap:/etc/x"}}, "nosuchmap"),
    }

    @staticmethod
    def credentials(password: str = PASSWORD) -> dict[str, Any]:
        entries = {Postfix.key: f"{USER}:{password}"}
        return {"name": "cred", "parameter": "smtp_sasl_password_maps", "secret_entries": entries}

    @staticmethod
    def numbered(number: int) -> dict[str, Any]:
        parameters = {**Postfix.hash, "relayhost": f"[password{number}]"}
        return {"parameters": parameters, "tables": [Postfix.credentials(f"password{number}")]}


Postfix.wanted = {
    "parameters": {
        **Postfix.hash,
        "relayhost": Postfix.key,
        "smtp_sasl_auth_enable": True,
        "smtp_tls_security_level": "secure",
        "smtp_tls_CApath": None,
        "mydestination": ["$myhostname", "localhost"],
        "inet_protocols": "all",
    },
    "optional_parameters": {"tls_required_enable": False, "no_such_parameter": 1},
    "services": [{"name": "tlsproxy", "type": "unix", "chroot": "y", "maxproc": "0", "command": "tlsproxy"}],
    "tables": [
        Postfix.credentials(),
        {"name": "generic", "parameter": "smtp_generic_maps", "entries": dict([Postfix.sample])},
        {
            "name": "senders",
            "parameter": "sender_canonical_maps",
            "type": "regexp",
            "entries": {"/^(.*)@web1\\.corp\\.test$/": "${1}@example.com", "/two words/": "y@example.com"},
        },
    ],
}
Postfix.needs_restart = {
    **Postfix.wanted,
    "parameters": {**Postfix.wanted["parameters"], "inet_interfaces": "loopback-only"},
}


class Sendmail(mta.Sendmail, Host):
    settings = ("sendmail.mc", "sendmail.cf")
    arguments = arguments_of("sendmail_config")
    bursts = "/var/spool/mqueue/bursts"
    restore = f"rm -rf {bursts}"
    start = mta.Sendmail.restart
    table, sample = "access", ("TLS_Srv:", f"TEMP+VERIFY:112+CN:{REGION_ENDPOINT}")
    edit = "sed -i 's/VERIFY:112/VERIFY:0/' access"
    foreign_index = "makemap hash other < other; mv other.db access.db"
    main_damage = "truncate --size=20000 sendmail.cf"
    broken, broken_words = "sed -i '1i FEATURE(`no_such_feature'\"'\"')dnl' sendmail.mc", "no_such_feature"
    tools = ("makemap",)
    refused = {
        "a setting": ({"features": {"no_such_feature": []}}, "m4 does not accept sendmail.mc"),
        "an option": ({"sections": {"LOCAL_CONFIG": ["O NoSuchOption=1"]}}, "Sendmail does not accept"),
        "a map": (
            {"sections": {"LOCAL_CONFIG": ["Knothing nosuchclass /etc/nothing"]}},
            "Sendmail does not accept",
        ),
    }

    @property
    def secret_file(self) -> str:
        return f"{self.generation('authinfo')}.db"

    @staticmethod
    def credentials(password: str = PASSWORD) -> dict[str, Any]:
        login = f'"U:root" "I:{USER}" "P:{password}" "M:LOGIN"'
        return {"name": "authinfo", "secret_entries": {f"AuthInfo:{REGION_ENDPOINT}": login}}

    @staticmethod
    def numbered(number: int) -> dict[str, Any]:
        return {
            "defines": {"SMART_HOST": f"relay:password{number}"},
            "features": {"authinfo": ["hash -o /etc/mail/authinfo.db"]},
            "tables": [Sendmail.credentials(f"password{number}")],
        }


Sendmail.wanted = {
    "defines": {
        "SMART_HOST": f"relay:{REGION_ENDPOINT}",
        "confDONT_EXPAND_CNAMES": "True",
        "confAUTH_MECHANISMS": "LOGIN PLAIN",
    },
    "features": {"authinfo": ["hash -o /etc/mail/authinfo.db"]},
    "macros": {"MASQUERADE_AS": ["example.com"], "QUEUE_GROUP": [["bursts", f"P={Sendmail.bursts}, R=1, I=4s"]]},
    "sections": {"LOCAL_CONFIG": ["O AliasFile=text:-k0 -v1 /etc/mail/ses_aliases"]},
    "queues": [Sendmail.bursts],
    "tables": [
        Sendmail.credentials(),
        {"name": "access", "entries": dict([Sendmail.sample])},
        {"name": "ses_aliases", "kind": "text", "entries": {"ses-bounces": "root"}},
    ],
}
Sendmail.needs_restart = {**Sendmail.wanted, "settings": {"QUEUE_INTERVAL": "7m"}}

MTAS = (Postfix, Sendmail)
