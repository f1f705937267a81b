# SPDX-License-Identifier: GPL-3.0-or-later
"""The lives of hosts with Sendmail, in the order of Postfix's; a row says why where the two differ."""

from __future__ import annotations

from lives import CHANGED, EITHER, HUB, LINK, NOT_HERE, OUTSIDE, REBOOT, REFUSED, SES, TO_LINK, Host, Life, Mail
from postfix_lives import MANY, ROOT, quoted

INSERT = (
    'awk \'FNR == NR { lines = lines $0 "\\n"; next } /^MAILER_DEFINITIONS/ { printf "%s", lines } { print }\' '
    "/run/mc-lines /etc/mail/sendmail.mc >/run/mc-new; cat /run/mc-new >/etc/mail/sendmail.mc\n"
)


def mc(*lines: str) -> str:
    """Shell: lines of sendmail.mc before its mailers."""
    text = "\n".join(lines)
    return f"printf '%s\\n' {quoted(text)} >/run/mc-lines\n{INSERT}"


def mc_end(*lines: str) -> str:
    """Shell: lines at the end of sendmail.mc, where rules stand."""
    return f"printf '%s\\n' {quoted(chr(10).join(lines))} >>/etc/mail/sendmail.mc\n"


def table(name: str, *rows: str, feature: bool = True) -> str:
    """Shell: rows of a table, built, and the feature that reads it."""
    text = "".join(
        f"printf '%s\\t%s\\n' {' '.join(quoted(word) for word in one.split(None, 1))} >>/etc/mail/{name}\n"
        for one in rows
    )
    build = f"makemap hash /etc/mail/{name} </etc/mail/{name}\n"
    return text + build + (mc(f"FEATURE(`{name}', `hash -o /etc/mail/{name}.db')dnl") if feature else "")


RELAYED = (
    mc("define(`SMART_HOST', `[127.0.0.2]')dnl", "FEATURE(`accept_unresolvable_domains')dnl")
    # Not every distribution's Makefile has this target; START makes the rest, and fails if it cannot.
    + "make -sC /etc/mail relay-domains 2>/dev/null || true\n"
)

ALIASES = Life(
    "aliases lead root and others outside, and newaliases runs after the role",
    "the line that every administrator writes into /etc/aliases, and cron's mails",
    "printf 'root: ops@customer.example\\nother: x@customer.example\\n' >>/etc/aliases; newaliases >/dev/null",
    (
        Mail("root", "hub to ops@customer.example", "ses as root@example.com to ops@customer.example"),
        Mail("other", "hub to x@customer.example", "ses to x@customer.example", user="alice", header_from="alice"),
        Mail(
            "root",
            "hub",
            "ses to ops@customer.example",
            header_from="root (Cron Daemon)",
            headers={"Auto-Submitted": "auto-generated"},
        ),
    ),
    later=("newaliases >/dev/null",),
    fault=1,
)

OFFICE = Host(
    "an office's host with many duties",
    "sendmail",
    (
        ALIASES,
        Life(
            "a partner by mailertable, with a row of its own in authinfo",
            "shops whose supplier takes mail over its own server",
            table("mailertable", "partner.example esmtp:[127.0.0.3]", "dept.example smtp:[127.0.0.6]")
            + table("authinfo", 'AuthInfo:127.0.0.3 "U:partner" "I:partner" "P:partner-secret" "M:PLAIN"')
            + "chmod 600 /etc/mail/authinfo; chown root:smmsp /etc/mail/authinfo.db; chmod 640 /etc/mail/authinfo.db\n"
            + mc("define(`confAUTH_MECHANISMS', `LOGIN PLAIN')dnl"),
            (Mail("orders@partner.example", "partner by partner", "partner by partner"),),
            fault=5,
        ),
        Life(
            "a domain of another server inside, by mailertable",
            "gateways",
            mails=(Mail("clerk@dept.example", "inner", "inner"),),
        ),
        Life(
            "a domain of another server by relay-domains, and a mail by SMTP",
            "gateways",
            "echo dept.example >>/etc/mail/relay-domains",
            (Mail("clerk@dept.example", "inner", "inner", how="smtp", header_from="root@example.com"),),
        ),
        Life(
            "a mail to 60 recipients",
            "newsletters and alarm lists",
            mails=(Mail(MANY, "hub to reader59@customer.example", "ses to reader0@customer.example"),),
            why="SES takes 50 recipients a transaction; Sendmail has no limit of its own by default",
            fault=9,
        ),
        Life(
            "a subject with an umlaut, unencoded, from cron, PHP's mail() and mailx",
            "as with Postfix",
            mails=(
                Mail(OUTSIDE, HUB, SES, subject="größe"),
                Mail("alice", "mailbox alice", "mailbox alice", subject="größe"),
            ),
            fault=10,
        ),
        Life(
            "a mail with the header Require-TLS-ESMTP",
            "mailers that follow the release notes of Postfix 3.11",
            mails=(Mail(OUTSIDE, HUB, SES, headers={"Require-TLS-ESMTP": "yes"}),),
            why="Sendmail does not read the header",
            fault=11,
        ),
        Life(
            "virtual users of a domain of its own, to a user here and to an address outside",
            "hosting guides: virtusertable",
            table("virtusertable", "sales@shop.example alice", "boss@shop.example boss@customer.example")
            + "echo shop.example >>/etc/mail/local-host-names",
            (
                Mail("sales@shop.example", "mailbox alice", "mailbox alice"),
                Mail("boss@shop.example", "hub to boss@customer.example", "ses to boss@customer.example"),
            ),
        ),
        Life(
            "a list domain in local-host-names, and lists that are pipes in the aliases",
            "Mailman 2 and Majordomo",
            "echo lists.corp.example >>/etc/mail/local-host-names\n"
            "printf 'announce: \"|/usr/local/bin/keep announce\"\\n' >>/etc/aliases; newaliases >/dev/null",
            (Mail("announce@lists.corp.example", "announce", "announce"),),
            fault=7,
        ),
        Life(
            "an alias that includes a file of addresses",
            "duty rosters of small offices",
            "printf 'bob\\nduty@customer.example\\n' >/etc/mail/duty.list; chmod 644 /etc/mail/duty.list\n"
            "printf 'duty: :include:/etc/mail/duty.list\\n' >>/etc/aliases; newaliases >/dev/null",
            (Mail("duty", "mailbox bob + hub to duty@customer.example", "mailbox bob + ses to duty@customer.example"),),
        ),
        Life(
            "a user's .forward with a copy at home",
            "universities' shell hosts",
            "printf '\\\\carol, carol@customer.example\\n' >/home/carol/.forward; chown carol:carol "
            "/home/carol/.forward; chmod 755 /home/carol",
            (
                Mail(
                    "carol",
                    "mailbox carol + hub to carol@customer.example",
                    "mailbox carol + ses to carol@customer.example",
                ),
            ),
        ),
        Life(
            "users' addresses of a person's first and last name, by genericstable",
            "offices whose log-in names are no addresses",
            table("genericstable", "dave dave.doe@example.com")
            + mc(
                "GENERICS_DOMAIN(`sendmail1.corp.test')dnl",
                "GENERICS_DOMAIN(`sendmail2.corp.test')dnl",
                "GENERICS_DOMAIN(`sendmail3.corp.test')dnl",
                "FEATURE(`masquerade_envelope')dnl",
            ),
            (
                Mail(
                    OUTSIDE,
                    "hub as dave.doe@example.com",
                    "ses as dave.doe@example.com",
                    user="dave",
                    header_from="dave",
                ),
            ),
            fault=6,
        ),
        Life(
            "old domains are renamed, by domaintable",
            "company mergers",
            table("domaintable", "old.example new.example"),
            (Mail("clerk@old.example", "hub to clerk@new.example", "ses to clerk@new.example"),),
        ),
        Life(
            "a rule of one's own in LOCAL_RULE_0",
            "configurations that have grown for decades",
            mc_end(
                "LOCAL_RULE_0", "R$+ < @ special.example . > $*\t$#smtp $@ [127.0.0.6] $: $1 < @ special.example . > $2"
            ),
            (
                Mail("desk@special.example", "inner", "inner"),
                Mail("desk@special.example", "inner", "inner", sender="<>", how="argv", header_from="root@example.com"),
            ),
        ),
        Life(
            "a milter that signs",
            "OpenDKIM and rspamd",
            mc("INPUT_MAIL_FILTER(`signer', `S=inet:8891@127.0.0.1, T=S:1m;R:1m')dnl"),
            (
                Mail(OUTSIDE, "hub with X-Signed: by the milter", "ses with X-Signed: by the milter"),
                Mail(OUTSIDE, "hub with X-Signed", "ses with X-Signed", how="smtp", header_from="app@example.com"),
            ),
            why="Sendmail's content filters are milters; it has no content_filter",
            fault=4,
        ),
        Life(
            "a header of one's own on all mail",
            "audits: LOCAL_CONFIG",
            mc("LOCAL_CONFIG", "H?a?X-Site: corp", "divert(0)dnl"),
            (Mail(OUTSIDE, "hub with X-Site: corp", "ses with X-Site: corp"),),
        ),
        Life(
            "an address with a detail",
            "plus addressing",
            mails=(Mail("bob+tickets", "mailbox bob", "mailbox bob"),),
        ),
        Life(
            "mail that access refuses is refused",
            "block lists by hand",
            "printf 'To:blocked@customer.example\\tREJECT\\n' >>/etc/mail/access\n"
            + mc("FEATURE(`blocklist_recipients')dnl"),
            (Mail("blocked@customer.example", "not taken", "not taken", how="smtp", header_from="app@example.com"),),
        ),
        Life(
            "an automatic reply beside the mailbox, by a user's .forward",
            "vacation",
            "printf '\\\\archive, \"|/usr/local/bin/keep vacation\"\\n' >/home/archive/.forward; chown "
            "archive:archive /home/archive/.forward; chmod 755 /home/archive",
            (Mail("archive", "mailbox archive + vacation", "mailbox archive + vacation"),),
        ),
        Life(
            "an automatic answer with a null sender",
            "vacation programs, ticket systems",
            mails=(Mail(OUTSIDE, HUB, "mailbox root", sender="<>", how="argv", header_from="root@example.com"),),
            verdict=CHANGED,
            why="SES answers a null sender with 501, so it stays in the mailbox of ses_bounce_recipient, as "
            "docs/roles.md says",
        ),
        Life(
            "a contact form that sends in the visitor's name",
            "PHP forms; reports of 554 'Email address is not verified'",
            mails=(
                Mail(
                    "info@customer.example",
                    HUB,
                    "notice in mailbox root",
                    sender="visitor@visitors.example",
                    header_from="visitor@visitors.example",
                ),
            ),
            verdict=CHANGED,
            why="SES refuses senders that are not verified; no setting of a relay with ses_masquerade_domain "
            "alone can help, and the notice stays",
        ),
        Life(
            "the masquerade domain itself in local-host-names",
            "hosts that once were the domain's mail server",
            "echo example.com >>/etc/mail/local-host-names",
            (Mail("alice@example.com", "mailbox alice", "ses to alice@example.com"),),
            verdict=CHANGED,
            says=("example.com",),
            why="ses_masquerade_domain says where the domain's mail goes; the domain's own server would swallow it",
        ),
    ),
    RELAYED,
)

ORIGIN = Host(
    "a host that sends in the name of its domain already",
    "sendmail",
    (
        Life(
            "MASQUERADE_AS has the domain, and the role is given the required variables alone",
            "guides to smart hosts",
            mc(
                "MASQUERADE_AS(`example.com')dnl",
                "FEATURE(`masquerade_envelope')dnl",
                "FEATURE(`masquerade_entire_domain')dnl",
            ),
            (Mail(OUTSIDE, "hub as root@example.com", "ses as root@example.com"),),
            fault=6,
        ),
        Life(
            "a user whom EXPOSED_USER exempts keeps the host's name inside",
            "guides for monitoring",
            mc("EXPOSED_USER(`dave')dnl"),
            (Mail("bob", "mailbox bob", "mailbox bob", user="dave", header_from="dave"),),
        ),
        Life(
            "mail for unknown users goes to another server, by LUSER_RELAY",
            "hosts beside the company's mail server",
            mc("define(`LUSER_RELAY', `smtp:[127.0.0.6]')dnl"),
            (Mail("whoever@localhost", "inner", "inner"),),
        ),
        Life(
            "mail for localhost",
            "cron jobs with MAILTO",
            mails=(Mail("bob@localhost", "mailbox bob", "mailbox bob"),),
        ),
        Life(
            "a delivery mode of one's own",
            "hosts that want to see errors at once",
            mc("define(`confDELIVERY_MODE', `interactive')dnl", "define(`confTO_IDENT', `0')dnl"),
            (Mail(OUTSIDE, HUB, SES, how="smtp", header_from="app@example.com"),),
        ),
        Life(
            "a limit on size",
            "the line of many guides",
            mc("define(`confMAX_MESSAGE_SIZE', `20000000')dnl"),
            (Mail(OUTSIDE, HUB, SES),),
        ),
    ),
    RELAYED,
    variables={"ses_masquerade_domain": ""},
)

PROVIDER = Host(
    "a host with another provider",
    "sendmail",
    (
        Life(
            "the smart host is another provider, with credentials in authinfo",
            "guides to SendGrid, Office 365 and Gmail",
            mc(
                "define(`SMART_HOST', `[127.0.0.4]')dnl",
                "define(`RELAY_MAILER_ARGS', `TCP $h 587')dnl",
                "define(`ESMTP_MAILER_ARGS', `TCP $h 587')dnl",
                "define(`confAUTH_MECHANISMS', `LOGIN PLAIN')dnl",
                "FEATURE(`accept_unresolvable_domains')dnl",
            )
            + table("authinfo", 'AuthInfo:127.0.0.4 "U:provider" "I:provider" "P:provider-secret" "M:PLAIN"')
            + "chmod 600 /etc/mail/authinfo; chown root:smmsp /etc/mail/authinfo.db; chmod 640 /etc/mail/authinfo.db\n",
            (Mail(OUTSIDE, "provider by provider", ROOT),),
            verdict=CHANGED,
            says=("SMART_HOST", "127.0.0.4"),
            why="the role is there for this; the provider's row stays where it is",
        ),
        Life(
            "local mail goes to another server, by MAIL_HUB",
            "workstations whose users read mail elsewhere",
            mc("define(`MAIL_HUB', `esmtp:[127.0.0.4]')dnl"),
            (Mail("bob", "provider to bob", "provider to bob"),),
        ),
        Life(
            "root's mail stays here, by LOCAL_USER",
            "the same workstations",
            mc("LOCAL_USER(`root')dnl"),
            (Mail("root", "mailbox root", "mailbox root"),),
        ),
    ),
)

PROCMAIL = Host(
    "a program delivers",
    "sendmail",
    (
        Life(
            "the local mailer is a program, by local_procmail",
            "procmail and maildrop",
            mc("FEATURE(`local_procmail', `/usr/local/bin/keep', `keep procmail $u', `SPhn9')dnl"),
            (Mail("alice", "procmail", "procmail"),),
        ),
        Life(
            "what SES refuses comes back, though a program delivers",
            "the same",
            mails=(
                Mail(
                    "info@customer.example",
                    HUB,
                    "notice in procmail | notice in mailbox root",
                    sender="app@unverified.example",
                    header_from="app@unverified.example",
                ),
            ),
            verdict=CHANGED,
            why="Sendmail has one local mailer, so the bounce takes the program that root's mail takes; Postfix "
            "has a service of its own for it",
            fault=3,
        ),
        Life(
            "mail by a submission daemon on a port of its own",
            "web applications' guides",
            mc("DAEMON_OPTIONS(`Family=inet, Name=APPS, Port=5587, Addr=127.0.0.1, M=E')dnl"),
            (Mail(OUTSIDE, HUB, "ses as app@example.com", how="smtp 127.0.0.1:5587", header_from="app@example.com"),),
        ),
        Life(
            "mail to the usual port",
            "web applications",
            mails=(Mail(OUTSIDE, HUB, "ses as app@example.com", how="smtp", header_from="app@example.com"),),
        ),
    ),
    RELAYED,
)

DEAD_RELAY = Host(
    "a host whose smart host has died",
    "sendmail",
    (
        Life(
            "mail that waits when the role comes",
            "the reason why one changes the smart host at all",
            mails=(
                Mail(OUTSIDE, "queue", ROOT),
                Mail("x@customer.example", "queue", "ses as alice@example.com", user="alice", header_from="alice"),
            ),
            why="Sendmail rewrites the sender when it delivers, so what waits needs no second reading",
            fault=8,
        ),
        Life(
            "local mail",
            "cron",
            mails=(Mail("bob", "mailbox bob", "mailbox bob"),),
        ),
    ),
    mc("define(`SMART_HOST', `[127.0.0.9]')dnl", "FEATURE(`accept_unresolvable_domains')dnl"),
)

UPGRADES = Host(
    "a host that lives on",
    "sendmail",
    tuple(
        Life(
            f"after the role: {name}",
            source,
            mails=(Mail(OUTSIDE, HUB, ROOT), Mail("bob", "mailbox bob", "mailbox bob")),
            later=(script,),
            fault=fault,
        )
        for name, source, script, fault in (
            (
                "the package is installed again",
                "unattended upgrades",
                "DEBIAN_FRONTEND=noninteractive apt-get -qq install --reinstall sendmail-bin >/dev/null 2>&1; "
                "systemctl is-active sendmail",
                16,
            ),
            (
                "sendmailconfig",
                "the package's own script",
                # It ends with what `yes` does on a closed pipe; the mails after it tell whether it did harm.
                "yes '' | sendmailconfig >/dev/null 2>&1 || true; systemctl restart sendmail",
                16,
            ),
            (
                "make -C /etc/mail, and a restart",
                "everybody who edits a table",
                "make -sC /etc/mail >/dev/null; systemctl restart sendmail",
                0,
            ),
            ("newaliases", "everybody who edits aliases", "newaliases >/dev/null", 1),
            (
                "the hooks of if-up, if-down and resolvconf",
                "hosts whose network comes and goes",
                # As the network's scripts do, which go on whatever a hook ends with; the mails after it tell.
                "for hook in /etc/network/if-up.d/sendmail /etc/ppp/ip-up.d/sendmail "
                "/etc/resolvconf/update-libc.d/sendmail /etc/dhcp/dhclient-exit-hooks.d/sendmail; do test ! -e "
                "$hook || IFACE=eth0 sh $hook >/dev/null 2>&1 || true; done",
                0,
            ),
            (
                "the package's own update_db and update_conf",
                "postinst of an upgrade",
                # As postinst runs them, which goes on whatever they end with; the mails after it tell.
                "/usr/share/sendmail/update_db >/dev/null 2>&1 || true; /usr/share/sendmail/update_conf "
                ">/dev/null 2>&1 || true",
                16,
            ),
            ("the host reboots", "kernel updates", REBOOT, 0),
            (
                "Sendmail is stopped and started",
                "administrators",
                "systemctl stop sendmail; systemctl start sendmail",
                0,
            ),
        )
    ),
    RELAYED,
)

HANDMADE = Host(
    "a host whose sendmail.mc is its administrator's",
    "sendmail",
    (
        Life(
            "programs hand over by a submission daemon without log-in, in the place of the distribution's",
            "hosts whose applications cannot log in",
            "sed -i '/^DAEMON_OPTIONS/d' /etc/mail/sendmail.mc\n"
            + mc(
                "DAEMON_OPTIONS(`Family=inet, Name=IN, Port=25, Addr=127.0.0.1, M=E')dnl",
                "DAEMON_OPTIONS(`Family=inet, Name=MSA, Port=587, Addr=127.0.0.1, M=E')dnl",
            )
            + "sed -i \"s/^FEATURE(.msp.*/FEATURE(\\`msp', \\`[127.0.0.1]', \\`587')dnl/\" /etc/mail/submit.mc\n",
            (
                Mail(OUTSIDE, HUB, ROOT),
                Mail(OUTSIDE, HUB, SES, how="smtp 127.0.0.1:587", header_from="app@example.com"),
            ),
        ),
        Life(
            "a daemon that an included file names",
            "configurations that many hosts share",
            "printf '%s\\n' \"DAEMON_OPTIONS(\\`Family=inet, Name=APPS, Port=5588, Addr=127.0.0.1, M=E')dnl\" "
            ">/etc/mail/corp.m4\n" + mc("include(`/etc/mail/corp.m4')dnl"),
            (Mail(OUTSIDE, HUB, SES, how="smtp 127.0.0.1:5588", header_from="app@example.com"),),
        ),
        Life(
            "no access table, and none of the features that read it",
            "short files of guides: a smart host and the mailers",
            "sed -i '/^FEATURE(.\\(access_db\\|greet_pause\\|delay_checks\\|conncontrol\\|ratecontrol\\)/d' "
            "/etc/mail/sendmail.mc",
            (Mail("bob", "mailbox bob", "mailbox bob"),),
        ),
        Life(
            "cron runs the queue, and no daemon does",
            "QUEUE_MODE in Debian's sendmail.conf",
            "sed -i 's/^QUEUE_MODE=.*/QUEUE_MODE=\"Cron\";/' /etc/mail/sendmail.conf",
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=CHANGED,
            says=("QUEUE_MODE='Cron'",),
            why="with the relay all mail is queued first, so that cron would send it minutes later",
        ),
        Life(
            "names are not looked up in DNS, by service.switch",
            "hosts that have nothing but a smart host",
            "cat /etc/mail/service.switch-nodns >/etc/mail/service.switch",
            (Mail(OUTSIDE, HUB, ROOT),),
        ),
        Life(
            "mailertable leads by relay, smtp8 and local",
            "gateways to old servers",
            table(
                "mailertable",
                "dept.example relay:[127.0.0.6]",
                "brand.example smtp8:[127.0.0.6]",
                "old.example local:carol",
            ),
            (
                Mail("a@dept.example", "inner", "inner"),
                Mail("b@brand.example", "inner", "inner"),
                Mail("c@old.example", "mailbox carol", "mailbox carol"),
            ),
        ),
        Life(
            "a second file of aliases",
            "lists that another program writes",
            "printf 'second: bob\\nsecond-out: second@customer.example\\n' >/etc/mail/aliases2\n"
            "chmod 644 /etc/mail/aliases2\n" + mc("define(`ALIAS_FILE', `/etc/mail/aliases,/etc/mail/aliases2')dnl"),
            (
                Mail("second", "mailbox bob", "mailbox bob"),
                Mail("second-out", "hub to second@customer.example", "ses to second@customer.example"),
            ),
        ),
        Life(
            "one of two milters is dead",
            "filters that were removed, and their line was not",
            mc(
                "INPUT_MAIL_FILTER(`dead', `S=inet:8899@127.0.0.1, T=C:1s;S:1s;R:1s')dnl",
                "INPUT_MAIL_FILTER(`signer', `S=inet:8891@127.0.0.1, F=T, T=S:1m;R:1m')dnl",
            ),
            (Mail(OUTSIDE, "hub with X-Signed", "ses with X-Signed"),),
        ),
        Life(
            "lines end as on Windows",
            "files that were edited elsewhere",
            "sed -i 's/$/\\r/' /etc/mail/sendmail.mc",
            (Mail(OUTSIDE, HUB, ROOT),),
        ),
    ),
    RELAYED,
)

DIALUP = Host(
    "a host whose network comes and goes",
    "sendmail",
    (
        Life(
            "the provider's smart host stands in a file that a hook of ppp writes",
            "Debian's dialup.m4, provider.m4 and peers",
            "mkdir -p /etc/mail/peers\n"
            "printf '%s\\n' \"define(\\`SMART_HOST', \\`[127.0.0.2]')dnl\" >/etc/mail/peers/isp.example\n"
            "cat /etc/mail/peers/isp.example >/etc/mail/m4/provider.m4\n"
            "sed -i 's/^DAEMON_NETMODE=.*/DAEMON_NETMODE=\"Dynamic\";/' /etc/mail/sendmail.conf",
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=CHANGED,
            says=("SMART_HOST", "127.0.0.2"),
            why="the role is there for this, and the hooks' files go on to come before its settings",
            later=(
                "PPP_LOCAL=10.9.9.9 PPP_IPPARAM=isp.example PPP_IFACE=eth0 sh /etc/ppp/ip-up.d/sendmail "
                ">/dev/null 2>&1\n"
                "grep -q isp.example /etc/mail/m4/provider.m4; systemctl is-active sendmail",
                # dhclient sources its hooks, which end by `return`.
                "bash -c 'reason=EXPIRE interface=eth0; hook() { . /etc/dhcp/dhclient-exit-hooks.d/sendmail; }; hook' "
                ">/dev/null 2>&1; grep -q deferred /etc/mail/m4/dialup.m4\n"
                "IFACE=eth0 IF_ADDRESS=10.9.9.8 IF_DNS_DOMAIN=corp.test sh /etc/network/if-up.d/sendmail "
                ">/dev/null 2>&1",
                "/usr/share/sendmail/sendmail cron-msp; /usr/share/sendmail/sendmail cron-mta; "
                "sh /etc/cron.daily/sendmail; logrotate -f /etc/logrotate.conf",
                REBOOT,
            ),
        ),
        Life(
            "the daemon and the queue's runner are two processes with arguments of their own",
            "DAEMON_PARMS and QUEUE_PARMS in Debian's sendmail.conf",
            "sed -i 's/^QUEUE_PARMS=.*/QUEUE_PARMS=\"-OTimeout.queuereturn=3d\";/' /etc/mail/sendmail.conf",
            (Mail("bob", "mailbox bob", "mailbox bob"),),
        ),
    ),
    mc("FEATURE(`accept_unresolvable_domains')dnl"),
)

STOPPED = Host(
    "a host whose MTA is stopped",
    "sendmail",
    (
        Life(
            "Sendmail is stopped, and mail waits in the submission program's queue",
            "hosts that somebody repairs",
            "systemctl stop sendmail",
            (Mail(OUTSIDE, "", ROOT),),
            why="the role starts the MTA",
        ),
    ),
    RELAYED,
)

OPEN = (
    "address=$(hostname -I | cut -d' ' -f1)\n"
    "printf '%s\\n' \"DAEMON_OPTIONS(\\`Family=inet, Name=NET-v4, Port=smtp, Addr=$address')dnl\" >/run/mc-lines\n"
    + INSERT
    + "printf 'Connect:10\\tRELAY\\nGreetPause:10\\t0\\n' >>/etc/mail/access\n"
)
HUB_KEPT = Host(
    "a hub for a network, with ses_loopback_only: false",
    "sendmail",
    (
        Life(
            "other hosts hand over their mail, and go on to",
            "relay hosts of a data centre: DAEMON_OPTIONS on an address of the network, and a row in access",
            OPEN,
            (
                Mail(OUTSIDE, HUB, "ses as app@example.com", how="smtp eth0", header_from="app@example.com"),
                Mail(OUTSIDE, HUB, ROOT),
            ),
        ),
    ),
    RELAYED,
    variables={"ses_loopback_only": False},
)
HUB_CLOSED = Host(
    "a hub for a network, with ses_loopback_only: true",
    "sendmail",
    (
        Life(
            "other hosts handed over their mail, and the user closes that door",
            "hosts that listen for nobody any more",
            OPEN,
            (Mail(OUTSIDE, HUB, ROOT),),
        ),
    ),
    RELAYED,
    variables={"ses_loopback_only": True},
)

PRIVATE_LINK = Host(
    "a host that reaches the endpoint by /etc/hosts",
    "sendmail",
    (
        Life(
            "the endpoint's name stands in /etc/hosts alone",
            "private links, and tests",
            TO_LINK,
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=EITHER,
            says=(LINK,),
            why="Sendmail asks /etc/hosts too, after MX records; check and MTA have to resolve by the same "
            "rules, or the role says that it cannot",
            fault=13,
        ),
    ),
    RELAYED,
    variables={"ses_endpoint": LINK},
)

SUBMISSION = Host(
    "a host whose programs hand their mail to another hub",
    "sendmail",
    (
        Life(
            "submit.mc leads to another hub",
            "Sendmail's own description of a null client",
            "sed -i 's/^FEATURE(`msp.*/FEATURE(`msp'\"'\"', `[127.0.0.2]'\"'\"', `25'\"'\"')dnl/' /etc/mail/submit.mc",
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=EITHER,
            says=("submit.mc",),
            why="mail that never reaches the MTA cannot leave through SES: refused, or led to the MTA and named",
            fault=12,
        ),
    ),
    RELAYED,
)

QUEUES = Host(
    "a host with queues of its own",
    "sendmail",
    (
        Life(
            "a queue group of one's own",
            "guides to slow destinations",
            "mkdir -p -m 2750 /var/spool/mqueue/slow; chown smmta:smmsp /var/spool/mqueue/slow\n"
            + mc("QUEUE_GROUP(`slow', `P=/var/spool/mqueue/slow, I=1m')dnl", "FEATURE(`queuegroup')dnl")
            + "printf 'QGRP:customer.example\\tslow\\n' >>/etc/mail/access\n",
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=EITHER,
            says=("queue",),
            why="the role has a ruleset queuegroup of its own; kept only where both can be",
        ),
    ),
    RELAYED,
)
COMPAT = Host(
    "a host that forbids pairs of senders and recipients",
    "sendmail",
    (
        Life(
            "FEATURE(`compat_check')",
            "companies with walls between departments",
            mc("FEATURE(`compat_check')dnl"),
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=EITHER,
            says=("compat",),
            why="the role has a ruleset check_compat of its own; kept only where both can be",
        ),
    ),
    RELAYED,
)


def refused(
    name: str,
    source: str,
    state: str,
    says: tuple[str, ...],
    *,
    before: str = HUB,
    fault: int = 0,
    why: str = "",
    to: str = OUTSIDE,
    verdict: str = REFUSED,
    after: str = "",
    base: str = RELAYED,
    variables: dict | None = None,
) -> Host:
    """A host whose only life the role refuses; what arrived before arrives after."""
    life = Life(name, source, state, (Mail(to, before, after or before),), verdict, says, why, fault=fault)
    return Host(name, "sendmail", (life,), base, variables=variables or {})


REFUSALS = (
    refused(
        "a row `.` in mailertable leads everything to another hub",
        "guides to smart hosts by mailertable",
        table("mailertable", ". smtp:[127.0.0.6]"),
        ("mailertable",),
        before="inner",
        fault=2,
        why="mailertable is asked before SMART_HOST, as transport_maps before relayhost",
    ),
    refused(
        "a rule in LOCAL_RULE_0 leads everything elsewhere",
        "configurations that have grown for decades",
        mc_end("LOCAL_NET_CONFIG", "R$* < @ $* . > $*\t$#smtp $@ [127.0.0.6] $: $1 < @ $2 . > $3"),
        ("LOCAL_NET_CONFIG",),
        before="inner",
        verdict=EITHER,
        after=SES,
        why="kept where the role's rules come first, refused where they do not",
    ),
    refused(
        "rules in LOCAL_RULE_0 lead everything elsewhere in two steps",
        "configurations that have grown for decades",
        mc_end(
            "LOCAL_RULE_0",
            "R$+ < @ $+ . > $*\t$: <elsewhere> $1 < @ $2 . > $3",
            "R<elsewhere> $+ < @ $=w . > $*\t$: $1 < @ $2 . > $3",
            "R<elsewhere> $+ < @ $+ . > $*\t$#smtp $@ [127.0.0.6] $: $1 < @ $2 . > $3",
        ),
        ("LOCAL_RULE_0",),
        before="inner",
        why="what no single rule shows, Sendmail says of an address that no row and no rule means",
    ),
    refused(
        "sendmail.cf was edited by hand",
        "answers in forums that change the .cf",
        "make -sC /etc/mail >/dev/null\nsed -i 's/^DS.*/DSsmtp:[127.0.0.6]/' /etc/mail/sendmail.cf; touch "
        "/etc/mail/sendmail.cf",
        ("sendmail.cf has a line",),
        before="inner",
        verdict=EITHER,
        after=SES,
        why="the edit goes with the next make: refused, or named",
    ),
    refused(
        "sendmail.mc has an error of m4",
        "editors' accidents",
        "printf 'include(`/etc/mail/nowhere.m4'\"'\"')dnl\\n' >/run/broken; cat /etc/mail/sendmail.mc "
        ">>/run/broken; cat /run/broken >/etc/mail/sendmail.mc",
        ("nowhere.m4", "sendmail.mc:1"),
        before="",
    ),
    refused(
        "sendmail.mc has a feature below the mailers",
        "editors' accidents; m4 names no line",
        'sed -i "/^MAILER(.local/a FEATURE(\\`smrsh\')dnl" /etc/mail/sendmail.mc',
        ("must occur before MAILER(local), in line 1",),
        before="",
    ),
    refused(
        "another program has port 587, and no daemon of Sendmail listens there",
        "mail stores with a submission service",
        "sed -i '/Name=MSP-v4/d' /etc/mail/sendmail.mc\n"
        "systemd-run --quiet --unit=squatter python3 -c 'import socket, time; s = socket.socket(); "
        's.bind(("127.0.0.1", 587)); s.listen(); time.sleep(3600)\'\n',
        ("Port 587",),
        why="the role's daemons could not start",
    ),
    refused(
        "the daemon does not start with the role's files",
        "drop-ins, ports, limits: what shows at the last step alone",
        "mkdir -p /etc/systemd/system/sendmail.service.d\n"
        "printf '[Service]\\nExecStartPre=/bin/sh -c \"! grep -q ses_relay /etc/mail/sendmail.cf\"\\n' "
        ">/etc/systemd/system/sendmail.service.d/late.conf; systemctl daemon-reload",
        ("the host keeps what it had",),
        fault=18,
    ),
    refused(
        "sendmail.mc has a feature that does not exist",
        "configurations of another version",
        mc("FEATURE(`no_such_feature')dnl"),
        ("no_such_feature",),
        before="",
    ),
    refused(
        "a map type that is not there",
        "a configuration from a host with LDAP",
        mc_end("LOCAL_CONFIG", "Kstaff nosuchtype /etc/mail/staff"),
        ("nosuchtype",),
        before="",
    ),
    refused(
        "sendmail.mc names no mailers: a null client by FEATURE(`nullclient')",
        "Sendmail's own nullclient.mc",
        "sed -i '/^MAILER/d' /etc/mail/sendmail.mc; printf 'FEATURE(`nullclient'\"'\"', "
        "`[127.0.0.2]'\"'\"')dnl\\n' >>/etc/mail/sendmail.mc",
        ("sendmail.mc",),
        before="",
        base="",
    ),
    refused(
        "the daemon runs as another user, by confRUN_AS_USER",
        "guides to hardening",
        mc("define(`confRUN_AS_USER', `smmta:smmsp')dnl"),
        ("confRUN_AS_USER",),
        why="that user cannot read SES's credential, and each mail would come back",
    ),
    refused(
        "MASQUERADE_EXCEPTION has the host's own domain",
        "guides to masquerading",
        mc("MASQUERADE_EXCEPTION(`corp.test')dnl"),
        ("MASQUERADE_EXCEPTION",),
        why="its senders would keep a name that SES refuses, whatever ses_masquerade_domain says",
    ),
    refused(
        "the daemon reads another file than sendmail.cf",
        "hosts that try a configuration, and stay with it",
        "cp /etc/mail/sendmail.cf /etc/mail/corp.cf; sed -i 's/^DS.*/DS[127.0.0.2]/' /etc/mail/corp.cf\n"
        "sed -i 's|^DAEMON_PARMS=.*|DAEMON_PARMS=\"-C/etc/mail/corp.cf\";|' /etc/mail/sendmail.conf",
        ("DAEMON_PARMS",),
        why="mail would go on as before, and none to SES",
    ),
    refused(
        "Debian's scripts are to keep their hands off",
        "HANDS_OFF in sendmail.conf",
        "sed -i 's/^HANDS_OFF=.*/HANDS_OFF=\"Yes\";/' /etc/mail/sendmail.conf",
        ("HANDS_OFF",),
        before="",
        why="the package's own make fails then, before the role as after it",
    ),
    refused(
        "the unit is masked",
        "administrators who want no MTA",
        "systemctl stop sendmail; systemctl mask sendmail 2>/dev/null || { mv "
        "/etc/systemd/system/sendmail.service /root/life/ 2>/dev/null; ln -sf /dev/null "
        "/etc/systemd/system/sendmail.service; systemctl daemon-reload; }",
        ("mask",),
        before="",
        fault=18,
    ),
    refused(
        "other hosts hand over their mail, and nobody said what becomes of them",
        "relay hosts of a data centre",
        OPEN,
        ("ses_loopback_only",),
    ),
    refused(
        "a port that Sendmail cannot use",
        "variables that were written for Postfix",
        "",
        ("ses_port", "465"),
        fault=18,
        variables={"ses_port": 465},
    ),
)

ELSEWHERE = Host(
    "what Sendmail on Debian cannot lead",
    "sendmail",
    (
        Life(
            "dnf5 fetches packages before another MTA stops",
            "Fedora",
            verdict=NOT_HERE,
            why="scenario dnf5 has such a host",
            fault=14,
        ),
        Life(
            "words of SES that have a cause",
            "SES's own replies",
            verdict=NOT_HERE,
            why="each has a test beside the table of causes",
            fault=15,
        ),
        Life(
            "the unit of Debian 12",
            "if-up hooks",
            verdict=NOT_HERE,
            why="Postfix has units of its own there; sendmail.service is one unit on both",
            fault=17,
        ),
        Life(
            "one brand's sender leaves through a provider of its own",
            "sender_dependent_relayhost_maps",
            verdict=NOT_HERE,
            why="Sendmail has nothing of the kind without rules of one's own",
        ),
        Life("a second instance", "postmulti", verdict=NOT_HERE, why="Sendmail has no instances"),
    ),
)

HOSTS = (
    OFFICE,
    ORIGIN,
    PROVIDER,
    PROCMAIL,
    DEAD_RELAY,
    UPGRADES,
    HANDMADE,
    DIALUP,
    STOPPED,
    HUB_KEPT,
    HUB_CLOSED,
    PRIVATE_LINK,
    SUBMISSION,
    QUEUES,
    COMPAT,
    *REFUSALS,
    ELSEWHERE,
)
