# SPDX-License-Identifier: GPL-3.0-or-later
"""postfix_config on the real Postfix of each host of the testbed."""

from __future__ import annotations

from typing import Any

import pytest
from hosts import HERE, PASSWORD, PLACE, USER, Postfix

DEFAULTS = {"hash": "hash", "btree": "btree", "lmdb": "lmdb", "cdb": "texthash", "nonsense": "hash"}
SUFFIX = {"hash": ".db", "btree": ".db", "lmdb": ".lmdb", "cdb": ".cdb", "texthash": ""}


def wanted(default: str) -> dict[str, Any]:
    """The relay of all tests, with this type of map."""
    return {**Postfix.wanted, "parameters": {**Postfix.wanted["parameters"], "default_database_type": default}}


@pytest.mark.parametrize("default", DEFAULTS)
def test_each_type_of_map_is_settled_and_keeps_the_secret_in_one_private_file(host: Postfix, default: str) -> None:
    host.put("cred", "left behind\n")
    kind = DEFAULTS[default]
    first = host.configure(**wanted(default))
    assert [table["type"] for table in first["tables"]] == [kind, kind.replace("texthash", "cdb"), "regexp"]
    assert host.shell(f"grep -rl {PASSWORD} /etc /tmp /var /root /run").split() == [f"/etc/postfix/cred{SUFFIX[kind]}"]
    assert host.mode(f"cred{SUFFIX[kind]}") == "root:root 600"
    assert host.run("postmap", "-q", host.key, f"{kind}:/etc/postfix/cred").strip() == f"{USER}:{PASSWORD}"
    before = host.state()
    second = host.configure(**wanted(default))
    assert (second["changed"], second["diff"]) == (False, [])
    assert host.configure(check=True, **wanted(default))["changed"] is False
    assert host.state() == before


DAMAGE = {
    "lost": "rm generic{suffix}",
    "of another content": "echo '@else y@example.com' > other; postmap {type}:/etc/postfix/other;"
    " mv other{suffix} generic{suffix}",
    "older than its source": "touch -d '1 hour ago' generic{suffix}",
    "broken": "echo junk > generic{suffix}",
}


@pytest.mark.parametrize("default", ["hash", "lmdb", "cdb"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_lost_or_stale_index_of_each_type_is_rebuilt(host: Postfix, default: str, damage: str) -> None:
    host.configure(**wanted(default))
    host.shell("cd /etc/postfix; " + DAMAGE[damage].format(type=default, suffix=SUFFIX[default]))
    result = host.configure(**wanted(default))
    assert result["changed"]
    assert result["diff"]
    assert host.run("postmap", "-q", "@web1.corp.test", f"{default}:/etc/postfix/generic").strip() == "x@example.com"
    assert not host.configure(**wanted(default))["changed"]


REFUSED: dict[str, dict[str, Any]] = {
    "nope": {"parameters": {"relayhost": "$nope"}},
    "macro": {"parameters": {"relayhost": "${myhostname"}},
    "message_size_limit": {"parameters": {"message_size_limit": "abc"}},
    "smtp_connection_cache_time_limit": {"parameters": {"smtp_connection_cache_time_limit": "10q"}},
    "smtp_tls_security_level": {"parameters": {"smtp_tls_security_level": "nonsense"}},
    "smtp_sasl_auth_enable": {"parameters": {"smtp_sasl_auth_enable": "maybe"}},
    "smtpd_relay_restrictions": {"parameters": {"smtpd_relay_restrictions": "nonsense"}},
    "inet_protocols": {"parameters": {"inet_protocols": "ipx"}},
    "qmgr_message_active_limit": {"parameters": {"qmgr_message_active_limit": True}},  # what smtp and smtpd do not read
    "bounce_size_limit": {"parameters": {"bounce_size_limit": "x"}},
    "x_destination_concurrency_limit": {"parameters": {"x_destination_concurrency_limit": True}},
    "smtp_connect_timeout": {
        "services": [{"name": "x", "type": "unix", "command": "smtp", "options": {"smtp_connect_timeout": "never"}}]
    },
    "no program nosuchprogram in": {"services": [{"name": "x", "type": "unix", "command": "nosuchprogram"}]},
    "command is needed": {"services": [{"name": "x", "type": "unix"}]},
    "senders": {"tables": [{"name": "senders", "type": "regexp", "entries": {"/(unbalanced/": "x"}}]},
    "no_table_parameter": {"tables": [{"name": "t", "parameter": "no_table_parameter", "entries": {"a": "b"}}]},
}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("words", REFUSED)
def test_refused_by_postfix_changes_nothing(host: Postfix, words: str, check: bool) -> None:
    before = host.state()
    refused = {**REFUSED[words], "tables": [host.credentials(), *REFUSED[words].get("tables", [])]}
    result = host.configure(check=check, **refused)
    assert words in result["failed"]
    assert "/tmp/" not in result["failed"]
    assert host.state() == before


def test_old_faults_of_the_host_do_not_count(host: Postfix) -> None:
    host.put("main.cf", host.text("main.cf") + "old_junk = 1\nsmtp_connection_cache_time_limit = 10q\n")
    result = host.configure(**host.wanted)
    assert result["changed"]
    assert not host.configure(**host.wanted)["changed"]


def test_absent_takes_all_files_and_the_reference(host: Postfix) -> None:
    host.configure(**host.wanted)
    host.put("main.cf", host.text("main.cf").replace("hash:/etc/postfix/generic", "hash:/a, hash:/etc/postfix/generic"))
    absent = [{**table, "state": "absent"} for table in host.wanted["tables"]]
    absent = [{"name": table["name"], "parameter": table["parameter"], "state": "absent"} for table in absent]
    assert host.configure(tables=absent, parameters={"smtp_sasl_auth_enable": False})["changed"]
    names = host.run("ls", "/etc/postfix")
    assert not [name for name in ("cred", "generic", "senders") if name in names]
    assert host.run("postconf", "-h", "smtp_generic_maps", "smtp_sasl_password_maps").split() == ["hash:/a"]
    assert not host.configure(tables=absent, parameters={"smtp_sasl_auth_enable": False})["changed"]


def test_two_tables_in_one_parameter(host: Postfix) -> None:
    tables = [{"name": name, "parameter": "virtual_alias_maps", "entries": {f"{name}@x": "y"}} for name in ("b", "a")]
    host.configure(parameters=host.hash, tables=tables)
    assert host.run("postconf", "-h", "virtual_alias_maps").strip() == "hash:/etc/postfix/b, hash:/etc/postfix/a"


def test_service_with_spaces_in_options_and_args(host: Postfix) -> None:
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


@pytest.mark.parametrize("default", ["hash", "lmdb", "cdb"])
def test_chrooted_smtp_authenticates_from_the_private_table(running: Postfix, default: str) -> None:
    host = running
    host.configure(
        parameters={
            "default_database_type": default,
            "relayhost": "[127.0.0.1]:2500",
            "smtp_sasl_auth_enable": True,
            "smtp_sasl_security_options": "noanonymous",
            "smtp_tls_security_level": "none",
        },
        services=[{"name": "smtp", "type": "unix", "chroot": "y", "command": "smtp"}],
        tables=[{**host.credentials(), "secret_entries": {"[127.0.0.1]:2500": f"{USER}:{PASSWORD}"}}],
    )
    server = (HERE / "one_login.py").read_text()
    host.run("sh", "-c", f"cat > {PLACE}/one_login.py", stdin=server)
    host.shell("postfix reload 2>/dev/null")
    told = host.shell(
        f"rm -f /run/told; mkfifo /run/told; timeout 30 python3 {PLACE}/one_login.py 2500 > /run/told & "
        "until [ -p /run/told ]; do :; done; exec 3</run/told; read ready <&3; "
        "echo hi | sendmail -f root@example.com x@example.com; cat <&3; rm /run/told; postsuper -d ALL 2>/dev/null"
    )
    assert told.strip() == str(["", USER, PASSWORD])
