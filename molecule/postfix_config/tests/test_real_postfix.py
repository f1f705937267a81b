# SPDX-License-Identifier: GPL-3.0-or-later
"""postfix_config on the real Postfix of each host of the testbed."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from conftest import HERE, PLACE, Host

SECRET = "AKIAIOSFODNN7EXAMPLE:oneL0ngPassw0rd"
OTHER = "AKIAIOSFODNN7EXAMPLE:an0therL0ngPassw0rd"
KEY = "[email-smtp.us-east-1.amazonaws.com]:587"
CREDENTIALS = {"name": "cred", "parameter": "smtp_sasl_password_maps", "secret_entries": {KEY: SECRET}}
HASH = {"default_database_type": "hash"}
RELAY: dict[str, Any] = {
    "parameters": {
        **HASH,
        "relayhost": KEY,
        "smtp_sasl_auth_enable": True,
        "smtp_tls_security_level": "secure",
        "smtp_tls_CApath": None,
        "mydestination": ["$myhostname", "localhost"],
    },
    "optional_parameters": {"tls_required_enable": False, "no_such_parameter": 1},
    "services": [{"name": "tlsproxy", "type": "unix", "chroot": "y", "maxproc": "0", "command": "tlsproxy"}],
    "tables": [
        CREDENTIALS,
        {"name": "generic", "parameter": "smtp_generic_maps", "entries": {"@Web1.corp.test": "x@example.com"}},
        {
            "name": "senders",
            "parameter": "sender_canonical_maps",
            "type": "regexp",
            "entries": {"/^(.*)@web1\\.corp\\.test$/": "${1}@example.com", "/two words/": "y@example.com"},
        },
    ],
}
DEFAULTS = {"hash": "hash", "btree": "btree", "lmdb": "lmdb", "cdb": "texthash", "nonsense": "hash"}
SUFFIX = {"hash": ".db", "btree": ".db", "lmdb": ".lmdb", "cdb": ".cdb", "texthash": ""}


@pytest.mark.parametrize("default", DEFAULTS)
def test_second_run_changes_nothing(host: Host, default: str) -> None:
    params = {**RELAY, "parameters": {**RELAY["parameters"], "default_database_type": default}}
    first = host.configure(**params)
    assert first["changed"]
    assert first["action"] == "reload"
    assert [table["type"] for table in first["tables"]] == [
        DEFAULTS[default],
        DEFAULTS[default].replace("texthash", "cdb"),
        "regexp",
    ]
    host.shell("postfix reload 2>/dev/null")
    before = host.state()
    second = host.configure(**params)
    assert (second["changed"], second["action"], second["diff"]) == (False, "none", [])
    assert host.state() == before
    assert host.configure(check=True, **params)["changed"] is False


@pytest.mark.parametrize("default", DEFAULTS)
def test_secret_is_in_one_private_file(host: Host, default: str) -> None:
    host.put("cred", "left behind\n")
    result = host.configure(**{**RELAY, "parameters": {"default_database_type": default}})
    assert result["changed"]
    suffix = SUFFIX[DEFAULTS[default]]
    assert host.shell(f"grep -rl {SECRET} /etc /tmp /var /root /run").split() == [f"/etc/postfix/cred{suffix}"]
    assert host.mode(f"cred{suffix}") == "root:root 600"
    assert host.run("postmap", "-q", KEY, f"{DEFAULTS[default]}:/etc/postfix/cred").strip() == SECRET
    assert SECRET not in json.dumps(result)
    assert host.shell("ls -Ad /etc/postfix/.mailops-*", check=False) == ""


def test_no_secret_in_processes_and_files_of_others(host: Host) -> None:
    """What the run executes, and every mode that it opens files with."""
    job = json.dumps(
        {
            "check": False,
            "params": {
                "parameters": {},
                "optional_parameters": {},
                "services": [],
                "config_directory": "/etc/postfix",
                "tables": [{"type": "", "entries": None, "state": "present", **CREDENTIALS}],
            },
        }
    )
    trace = "strace -f -v -s 9999 -e trace=execve,openat,creat,write -o /run/trace"
    host.run("sh", "-c", f"{trace} python3 {PLACE}/driver.py", stdin=job)
    lines = host.shell("cat /run/trace; rm /run/trace").split("\n")
    assert any("execve" in line and "postmap" in line for line in lines)
    assert not [line for line in lines if "execve(" in line and "oneL0ng" in line]
    created = [line for line in lines if "O_CREAT" in line and "cred" in line]
    assert created
    assert all(".mailops-" in line for line in created)


DAMAGE = {
    "index lost": "rm generic.*",
    "index of another content": "echo '@else y@example.com' > other; postmap {type}:/etc/postfix/other;"
    " mv other{suffix} generic{suffix}",
    "index older than its source": "touch -d '1 hour ago' generic{suffix}",
    "index broken": "echo junk > generic{suffix}",
    "source edited": "echo '# edited' >> generic",
    "source lost": "rm generic",
    "secret lost": "rm cred{secret_suffix}",
    "secret readable": "chmod 644 cred{secret_suffix}",
    "secret of another owner": "chown postfix cred{secret_suffix}",
}
CASES = [("hash", damage) for damage in DAMAGE]
CASES += [(default, damage) for default in ("lmdb", "cdb") for damage in DAMAGE if damage.startswith("index")]


@pytest.mark.parametrize(("default", "damage"), CASES)
def test_lost_or_stale_tables_are_rebuilt(host: Host, default: str, damage: str) -> None:
    params = {**RELAY, "parameters": {"default_database_type": default}}
    host.configure(**params)
    names = {"type": default, "suffix": SUFFIX[default], "secret_suffix": SUFFIX[DEFAULTS[default]]}
    host.shell("cd /etc/postfix; " + DAMAGE[damage].format(**names))
    predicted = host.configure(check=True, **params)
    result = host.configure(**params)
    assert result["changed"]
    assert result["diff"]
    assert {**predicted, "warnings": []} == {**result, "warnings": []}
    assert host.run("postmap", "-q", "@web1.corp.test", f"{default}:/etc/postfix/generic").strip() == "x@example.com"
    assert host.mode(f"cred{names['secret_suffix']}") == "root:root 600"
    assert not host.configure(**params)["changed"]


def test_changed_password(host: Host) -> None:
    host.configure(**RELAY)
    result = host.configure(parameters=HASH, tables=[{**CREDENTIALS, "secret_entries": {KEY: OTHER}}])
    assert [table["rebuilt"] for table in result["tables"]] == [True]
    assert host.run("postmap", "-q", KEY, "hash:/etc/postfix/cred").strip() == OTHER
    assert "(changed)" in result["diff"][0]["after"]
    assert "L0ng" not in json.dumps(result)


def test_check_mode_predicts_and_writes_nothing(host: Host) -> None:
    before = host.state()
    predicted = host.configure(check=True, **RELAY)
    assert host.state() == before
    assert predicted == host.configure(**RELAY)


REFUSED: dict[str, dict[str, Any]] = {
    "no_such_parameter": {"parameters": {"no_such_parameter": 1}},
    "nope": {"parameters": {"relayhost": "$nope"}},
    "macro": {"parameters": {"relayhost": "${myhostname"}},
    "message_size_limit": {"parameters": {"message_size_limit": "abc"}},
    "smtp_connection_cache_time_limit": {"parameters": {"smtp_connection_cache_time_limit": "10q"}},
    "smtp_tls_security_level": {"parameters": {"smtp_tls_security_level": "nonsense"}},
    "smtp_sasl_auth_enable": {"parameters": {"smtp_sasl_auth_enable": "maybe"}},
    "smtpd_relay_restrictions": {"parameters": {"smtpd_relay_restrictions": "nonsense"}},
    "inet_protocols": {"parameters": {"inet_protocols": "ipx"}},
    "nosuchmap": {"parameters": {"smtp_generic_maps": "nosuchmap:/etc/x"}},
    "no program nosuchprogram in": {"services": [{"name": "x", "type": "unix", "command": "nosuchprogram"}]},
    "command is needed": {"services": [{"name": "x", "type": "unix"}]},
    "no_such_option": {"services": [{"name": "smtp", "type": "unix", "options": {"no_such_option": "1"}}]},
    "senders": {"tables": [{"name": "senders", "type": "regexp", "entries": {"/(unbalanced/": "x"}}]},
    "no_table_parameter": {"tables": [{"name": "t", "parameter": "no_table_parameter", "entries": {"a": "b"}}]},
}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("words", REFUSED)
def test_refused_by_postfix_changes_nothing(host: Host, words: str, check: bool) -> None:
    before = host.state()
    refused = {**REFUSED[words], "tables": [CREDENTIALS, *REFUSED[words].get("tables", [])]}
    result = host.configure(check=check, **refused)
    assert words in result["failed"]
    assert "/tmp/" not in result["failed"]
    assert host.state() == before


def test_old_faults_of_the_host_do_not_count(host: Host) -> None:
    host.put("main.cf", host.text("main.cf") + "old_junk = 1\nsmtp_connection_cache_time_limit = 10q\n")
    result = host.configure(**RELAY)
    assert result["changed"]
    assert not host.configure(**RELAY)["changed"]


def test_a_broken_main_cf_can_be_repaired(host: Host) -> None:
    host.put("main.cf", host.text("main.cf") + "inet_protocols = ipx\nrelayhost = ${broken\n")
    result = host.configure(parameters={"inet_protocols": "all", **RELAY["parameters"]}, tables=RELAY["tables"])
    assert result["changed"]
    assert result["action"] == "restart"
    assert host.run("postconf", "-h", "relayhost").strip() == KEY


def test_a_broken_main_cf_is_told_in_postfix_words(host: Host) -> None:
    host.put("main.cf", host.text("main.cf") + "junk\n")
    assert "missing '='" in host.configure(**RELAY)["failed"]


def test_reload_that_never_came_is_still_due(host: Host) -> None:
    host.configure(**RELAY)
    missed = host.configure(**RELAY)
    assert (missed["changed"], missed["action"]) == (False, "reload")
    host.shell("postfix reload 2>/dev/null")
    assert host.configure(**RELAY)["action"] == "none"
    parameters = {**RELAY["parameters"], "inet_interfaces": "loopback-only"}
    for _ in range(2):
        assert host.configure(**{**RELAY, "parameters": parameters})["action"] == "restart"


def test_owner_mode_and_link_of_main_cf_stay(host: Host) -> None:
    host.shell(
        "cd /etc/postfix; mkdir -p /srv/pf; mv main.cf /srv/pf/main.cf; ln -s /srv/pf/main.cf main.cf; "
        "chown postfix:mail /srv/pf/main.cf; chmod 640 /srv/pf/main.cf"
    )
    assert host.configure(**RELAY)["changed"]
    assert host.shell("readlink /etc/postfix/main.cf; stat -c '%U:%G %a' /srv/pf/main.cf; ls -A /srv/pf").split() == [
        "/srv/pf/main.cf",
        "postfix:mail",
        "640",
        "main.cf",
    ]
    host.shell("rm -rf /srv/pf")


def test_absent_takes_all_files_and_the_reference(host: Host) -> None:
    host.configure(**RELAY)
    host.put("main.cf", host.text("main.cf").replace("hash:/etc/postfix/generic", "hash:/a, hash:/etc/postfix/generic"))
    absent = [{**table, "state": "absent"} for table in RELAY["tables"]]
    absent = [{"name": table["name"], "parameter": table["parameter"], "state": "absent"} for table in absent]
    assert host.configure(tables=absent, parameters={"smtp_sasl_auth_enable": False})["changed"]
    names = host.run("ls", "/etc/postfix")
    assert not [name for name in ("cred", "generic", "senders") if name in names]
    assert host.run("postconf", "-h", "smtp_generic_maps", "smtp_sasl_password_maps").split() == ["hash:/a"]
    assert not host.configure(tables=absent, parameters={"smtp_sasl_auth_enable": False})["changed"]


def test_two_tables_in_one_parameter(host: Host) -> None:
    tables = [{"name": name, "parameter": "virtual_alias_maps", "entries": {f"{name}@x": "y"}} for name in ("b", "a")]
    host.configure(parameters=HASH, tables=tables)
    assert host.run("postconf", "-h", "virtual_alias_maps").strip() == "hash:/etc/postfix/b, hash:/etc/postfix/a"


def test_service_with_spaces_in_options_and_args(host: Host) -> None:
    service = {
        "name": "up",
        "type": "unix",
        "unprivileged": "n",
        "command": "pipe",
        "options": {"syslog_name": "a b, {c}", "soft_bounce": True},
        "args": ["flags=Rq", "user=nobody", "argv=/bin/true", "two words", "#hash", "${recipient}"],
    }
    host.configure(services=[service])
    assert host.run("postconf", "-P", "up/unix/syslog_name").strip() == "up/unix/syslog_name = a b, {c}"
    assert host.run("postconf", "-Mf", "up/unix").count("{two words} #hash ${recipient}") == 1
    assert not host.configure(services=[service])["changed"]


def test_the_mail_log_does_not_tell_of_the_check(host: Host) -> None:
    host.shell("journalctl --rotate -q; journalctl --vacuum-time=1s -q 2>/dev/null")
    host.configure(parameters={"smtp_connection_cache_time_limit": "10q"}, tables=[CREDENTIALS])
    assert "10q" not in host.shell("journalctl -q --no-pager -t postfix/smtp -t postfix/smtpd", check=False)


def test_runs_at_the_same_time_leave_one_whole_configuration(host: Host) -> None:
    def start(password: str) -> subprocess.Popen[str]:
        params = {
            "parameters": {**HASH, "relayhost": f"[{password}]"},
            "optional_parameters": {},
            "services": [],
            "config_directory": "/etc/postfix",
            "tables": [
                {
                    "type": "",
                    "entries": None,
                    "state": "present",
                    **CREDENTIALS,
                    "secret_entries": {KEY: f"user:{password}"},
                }
            ],
        }
        process = subprocess.Popen(
            ["podman", "exec", "-i", host.name, "python3", f"{PLACE}/driver.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        process.stdin.write(json.dumps({"check": False, "params": params}))
        process.stdin.close()
        return process

    running = [start(f"password{number}") for number in range(4)]
    outputs = [process.stdout.read() for process in running if process.stdout]
    assert all(process.wait() == 0 for process in running)
    assert all(json.loads(out)["changed"] for out in outputs)
    relay = host.run("postconf", "-h", "relayhost").strip(" []\n")
    assert host.run("postmap", "-q", KEY, "hash:/etc/postfix/cred").strip() == f"user:{relay}"
    assert not host.shell("ls -Ad /etc/postfix/.mailops-*", check=False)


@pytest.mark.parametrize("default", ["hash", "lmdb", "cdb"])
def test_chrooted_smtp_authenticates_from_the_private_table(host: Host, default: str) -> None:
    host.configure(
        parameters={
            "default_database_type": default,
            "relayhost": "[127.0.0.1]:2500",
            "smtp_sasl_auth_enable": True,
            "smtp_sasl_security_options": "noanonymous",
            "smtp_tls_security_level": "none",
        },
        services=[{"name": "smtp", "type": "unix", "chroot": "y", "command": "smtp"}],
        tables=[{**CREDENTIALS, "secret_entries": {"[127.0.0.1]:2500": SECRET}}],
    )
    server = (HERE / "one_login.py").read_text()
    host.run("sh", "-c", f"cat > {PLACE}/one_login.py", stdin=server)
    host.shell("postfix reload 2>/dev/null")
    told = host.shell(
        f"rm -f /run/told; mkfifo /run/told; timeout 30 python3 {PLACE}/one_login.py 2500 > /run/told & "
        "until [ -p /run/told ]; do :; done; exec 3</run/told; read ready <&3; "
        "echo hi | sendmail -f root@example.com x@example.com; cat <&3; rm /run/told; postsuper -d ALL 2>/dev/null"
    )
    assert told.strip() == str(["", *SECRET.split(":")])
