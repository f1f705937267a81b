# SPDX-License-Identifier: GPL-3.0-or-later
"""The lives of hosts with Postfix. Each has domains, services and users of its own: a failure names the life."""

from __future__ import annotations

from lives import CHANGED, EITHER, HUB, LINK, NOT_HERE, OUTSIDE, REBOOT, REFUSED, SES, TO_LINK, Host, Life, Mail

RELAYED = """
postconf -e 'relayhost = [127.0.0.2]:2025' 'smtp_tls_security_level = may'
"""
ROOT = f"{SES} as root@example.com"
MANY = [f"reader{number}@customer.example" for number in range(60)]


def row(table: str, *rows: str, parameter: str = "", kind: str = "hash") -> str:
    """Shell: rows of a table, which a parameter names."""
    path = f"/etc/postfix/{table}"
    text = "".join(f"printf '%s\\n' {quoted(one)} >>{path}\n" for one in rows)
    build = f"postmap {path}\n" if kind == "hash" else ""
    named = f"postconf -e '{parameter} = {kind}:{path}'\n" if parameter else ""
    return text + build + named


def quoted(text: str) -> str:
    """As one word of the shell."""
    return "'" + text.replace("'", "'\\''") + "'"


ALIASES = Life(
    "aliases lead root and others outside, and newaliases runs after the role",
    "the line that every administrator writes into /etc/aliases, and cron's mails",
    "printf 'root: ops@customer.example\\nother: x@customer.example\\n' >>/etc/aliases; newaliases",
    (
        Mail("root", "hub to ops@customer.example", "ses as root@example.com to ops@customer.example"),
        Mail("other", "hub to x@customer.example", "ses to x@customer.example", user="alice"),
        Mail(
            "root",
            "hub",
            "ses to ops@customer.example",
            header_from="root (Cron Daemon)",
            headers={"Auto-Submitted": "auto-generated"},
        ),
    ),
    later=("newaliases",),
    fault=1,
)
PARTNER = Life(
    "a partner by transport_maps, with a row of its own in sasl_passwd",
    "shops whose supplier takes mail over its own submission server",
    row("transport", "partner.example smtp:[relay.partner.example]:587", parameter="transport_maps")
    + row("sasl_passwd", "[relay.partner.example]:587 partner:partner-secret", parameter="smtp_sasl_password_maps")
    + "postconf -e smtp_sasl_auth_enable=yes smtp_sasl_security_options=noanonymous\n",
    (Mail("orders@partner.example", "partner by partner", "partner by partner"),),
    fault=5,
)
RECIPIENTS = Life(
    "a mail to 60 recipients, with default_destination_recipient_limit = 500",
    "newsletters and alarm lists; the limit from guides to list servers",
    "postconf -e default_destination_recipient_limit=500",
    (Mail(MANY, "hub to reader59@customer.example", "ses to reader0@customer.example"),),
    why="SES takes 50 recipients a transaction, so two transactions bring it",
    fault=9,
)
NON_ASCII = Life(
    "a subject with an umlaut, unencoded, from cron, PHP's mail() and mailx",
    "reports of mail that bounces with 5.6.7 behind relays without SMTPUTF8",
    mails=(
        Mail(OUTSIDE, HUB, SES, subject="größe"),
        Mail("alice", "mailbox alice", "mailbox alice", subject="größe"),
    ),
    fault=10,
)
UTF8_ADDRESS = Life(
    "a recipient with UTF-8 in the local part",
    "web forms that take any address",
    mails=(Mail("größe@customer.example", HUB, "notice in mailbox root | not taken", how="argv"),),
    verdict=CHANGED,
    why="SES has no SMTPUTF8: the mail comes back with a sentence, and is not handed over raw",
    fault=10,
)
REQUIRE_TLS = Life(
    "a mail with the header Require-TLS-ESMTP",
    "mailers that follow the release notes of Postfix 3.11",
    mails=(Mail(OUTSIDE, HUB, SES, headers={"Require-TLS-ESMTP": "yes"}),),
    why="Postfix 3.11 alone reads the header; 3.7 and 3.10 leave it alone, and the mail has to leave here too",
    fault=11,
)
VIRTUAL_ALIASES = Life(
    "virtual aliases of a domain of its own, to a user here and to an address outside",
    "hosting guides",
    row(
        "virtual",
        "shop.example anything",
        "sales@shop.example alice",
        "boss@shop.example boss@customer.example",
        parameter="virtual_alias_maps",
    ),
    (
        Mail("sales@shop.example", "mailbox alice", "mailbox alice"),
        Mail("boss@shop.example", "hub to boss@customer.example", "ses to boss@customer.example"),
    ),
)
VIRTUAL_MAILBOXES = Life(
    "a domain of virtual mailboxes in a store behind LMTP",
    "Dovecot's and other stores' guides",
    "postconf -e virtual_mailbox_domains=club.example virtual_transport=lmtp:inet:[127.0.0.5]:24\n"
    + row("vmailbox", "member@club.example member", parameter="virtual_mailbox_maps"),
    (Mail("member@club.example", "store to member@club.example", "store to member@club.example"),),
)
LISTS = Life(
    "a list domain in mydestination, and lists that are pipes in the aliases",
    "Mailman 2 and Majordomo",
    "postconf -e 'mydestination = $myhostname, localhost, lists.corp.example'\n"
    "printf 'announce: \"|/usr/local/bin/keep announce\"\\n' >>/etc/aliases; newaliases",
    (Mail("announce@lists.corp.example", "announce", "announce"),),
    fault=7,
)
REGEXP_TRANSPORT = Life(
    "a regular expression in transport_maps that leads a list server's addresses to a pipe",
    "Sympa's and Mailman 3's guides",
    row("transport_regexp", "/^sympa-.*@talk\\.example$/ sympa:", kind="regexp")
    + "postconf -e 'transport_maps = hash:/etc/postfix/transport, regexp:/etc/postfix/transport_regexp' "
    "'relay_domains = talk.example'\n"
    "postconf -Me 'sympa/unix = sympa unix - n n - - pipe flags=R user=nobody argv=/usr/local/bin/keep sympa'\n",
    (Mail("sympa-users@talk.example", "sympa", "sympa"),),
)
INCLUDE = Life(
    "an alias that includes a file of addresses",
    "duty rosters of small offices",
    "printf 'bob\\nduty@customer.example\\n' >/etc/duty.list\n"
    "printf 'duty: :include:/etc/duty.list\\n' >>/etc/aliases; newaliases",
    (Mail("duty", "mailbox bob + hub to duty@customer.example", "mailbox bob + ses to duty@customer.example"),),
)
FORWARD = Life(
    "a user's .forward with a copy at home",
    "universities' shell hosts",
    "printf '\\\\carol, carol@customer.example\\n' >/home/carol/.forward; chown carol /home/carol/.forward",
    (Mail("carol", "mailbox carol + hub to carol@customer.example", "mailbox carol + ses to carol@customer.example"),),
)
SENDER_TRANSPORT = Life(
    "one sender takes a slower transport with a connection of its own",
    "bulk mail: sender_dependent_default_transport_maps and a service in master.cf",
    row(
        "transport_by_sender",
        "bulk@brand.example slow:[127.0.0.6]:2025",
        parameter="sender_dependent_default_transport_maps",
    )
    + "postconf -Me 'slow/unix = slow unix - - n - 1 smtp -o smtp_bind_address=127.0.0.1 -o syslog_name=postfix-slow'\n"
    "postconf -e slow_destination_concurrency_limit=1\n",
    (Mail(OUTSIDE, "inner", "inner", sender="bulk@brand.example", header_from="bulk@brand.example"),),
)
CANONICAL = Life(
    "users' addresses of a person's first and last name, by sender_canonical_maps and canonical_maps",
    "offices whose log-in names are no addresses",
    row("sender_canonical", "dave dave.doe@example.com", parameter="sender_canonical_maps")
    + row("canonical", "archive archive.keeper@example.com", parameter="canonical_maps"),
    (
        Mail(OUTSIDE, "hub as dave.doe@example.com", "ses as dave.doe@example.com", user="dave", header_from="dave"),
        Mail(
            OUTSIDE,
            "hub as archive.keeper@example.com",
            "ses as archive.keeper@example.com",
            user="archive",
            header_from="archive",
        ),
    ),
)
HEADER_CHECKS = Life(
    "header_checks and smtp_header_checks that take away what tells about the inside",
    "privacy guides",
    row("hide", "/^X-Inside:/ IGNORE", kind="regexp")
    + row("hide_smtp", "/^X-Mark:.*/ REPLACE X-Mark: seen", kind="regexp")
    + "postconf -e header_checks=regexp:/etc/postfix/hide smtp_header_checks=regexp:/etc/postfix/hide_smtp\n",
    (
        Mail(
            OUTSIDE,
            "hub with X-Mark: seen",
            "ses with X-Mark: seen",
            headers={"X-Mark": "inside", "X-Inside": "secret"},
        ),
    ),
)
FILTER_ROW = Life(
    "a header that sends a mail through a filter of its own, which hands it in again on port 10025",
    "antivirus guides: FILTER in header_checks",
    row("hide", "/^X-Scan:/ FILTER scan:[127.0.0.1]:10028", kind="regexp")
    + "postconf -Me 'scan/unix = scan unix - - n - 2 smtp -o smtp_send_xforward_command=yes -o "
    "disable_dns_lookups=yes'\n"
    "postconf -Me '127.0.0.1:10025/inet = 127.0.0.1:10025 inet n - n - - smtpd -o content_filter= "
    "-o smtpd_recipient_restrictions=permit_mynetworks,reject -o smtpd_milters= "
    "-o receive_override_options=no_unknown_recipient_checks,no_header_body_checks'\n",
    (
        Mail(
            OUTSIDE, "filter + hub with X-Filtered: yes", "filter + ses with X-Filtered: yes", headers={"X-Scan": "yes"}
        ),
    ),
)
SENDER_BCC = Life(
    "a copy of all that the invoice program sends, by sender_bcc_maps",
    "legal archives",
    row("sender_bcc", "invoices@example.com store@localhost", parameter="sender_bcc_maps"),
    (
        Mail(
            OUTSIDE,
            "hub + mailbox store",
            "ses + mailbox store",
            sender="invoices@example.com",
            header_from="invoices@example.com",
        ),
    ),
)
RELOCATED = Life(
    "a user who has moved, by relocated_maps",
    "company mergers",
    row("relocated", "gone@localhost gone@customer.example", parameter="relocated_maps"),
    (
        Mail(
            "gone@localhost",
            "notice in mailbox bob",
            "notice in mailbox root | notice in mailbox bob",
            user="bob",
            header_from="bob",
        ),
    ),
    verdict=CHANGED,
    why="the sender is bob@example.com by then, whose mail leaves through SES, which takes no null sender: it "
    "stays here",
)
SUBMISSION = Life(
    "applications that hand over to a submission service on loopback",
    "web applications' guides: port 587, and an smtpd with options of its own",
    "postconf -Me '127.0.0.1:5587/inet = 127.0.0.1:5587 inet n - y - - smtpd -o syslog_name=postfix/apps "
    "-o smtpd_client_restrictions=permit_mynetworks,reject -o smtpd_tls_security_level=none'\n",
    (
        Mail(OUTSIDE, HUB, "ses as app@example.com", how="smtp 127.0.0.1:5587", header_from="app@example.com"),
        Mail(OUTSIDE, HUB, "ses as app@example.com", how="smtp", header_from="app@example.com"),
    ),
)
RELAY_DOMAIN = Life(
    "a domain of another server inside, by relay_domains and relay_transport's row",
    "gateways",
    row("transport", "dept.example relay:[127.0.0.6]:2025")
    + "postconf -e 'relay_domains = talk.example, dept.example'\n",
    (
        Mail("clerk@dept.example", "inner", "inner"),
        Mail("clerk@dept.example", "inner", "inner", how="smtp", header_from="root@example.com"),
    ),
)
ODD_DESTINATION = Life(
    "own domains in a table that mydestination names",
    "hosts with many names",
    row("own", "office.example yes")
    + "postconf -e 'mydestination = $myhostname, localhost, lists.corp.example, hash:/etc/postfix/own'\n",
    (Mail("bob@office.example", "mailbox bob", "mailbox bob"),),
)
EXTENSION = Life(
    "an address with an extension",
    "recipient_delimiter, Debian's default",
    mails=(Mail("bob+tickets", "mailbox bob", "mailbox bob"),),
)
MILTER = Life(
    "a milter that signs what is handed over by SMTP and by programs",
    "OpenDKIM and rspamd",
    "postconf -e smtpd_milters=inet:127.0.0.1:8891 non_smtpd_milters=inet:127.0.0.1:8891 milter_default_action=accept",
    (
        Mail(OUTSIDE, "hub with X-Signed: by the milter", "ses with X-Signed: by the milter"),
        Mail(OUTSIDE, "hub with X-Signed", "ses with X-Signed", how="smtp", header_from="app@example.com"),
    ),
)
NULL_SENDER = Life(
    "an automatic answer with a null sender",
    "vacation programs, ticket systems",
    mails=(Mail(OUTSIDE, HUB, "mailbox root", sender="<>", how="argv", header_from="root@example.com"),),
    verdict=CHANGED,
    why="SES answers a null sender with 501, so it stays in the mailbox of ses_bounce_recipient, as docs/roles.md says",
)
VISITOR = Life(
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
    why="SES refuses senders that are not verified; no setting of a relay with ses_masquerade_domain alone can "
    "help, and the notice stays",
)
OTHER_REGION = Life(
    "a partner that is SES in another region, over verified TLS",
    "companies with a subsidiary's account",
    row("transport", "subsidiary.example sesother:[email-smtp.eu-west-1.amazonaws.com]:587")
    + row("sasl_other", "[email-smtp.eu-west-1.amazonaws.com]:587 AKIATESTBEDUSEAST123:@EU_PASSWORD@")
    + "postconf -Me 'sesother/unix = sesother unix - - n - - smtp -o smtp_tls_security_level=secure "
    "-o smtp_tls_CAfile=/etc/ssl/testbed-ca.pem -o smtp_sasl_auth_enable=yes -o smtp_sasl_security_options=noanonymous "
    "-o smtp_sasl_password_maps=hash:/etc/postfix/sasl_other'\n",
    (
        Mail(
            "desk@subsidiary.example",
            "eu-west-1",
            "eu-west-1",
            header_from="root@example.com",
            sender="root@example.com",
        ),
    ),
)
ORGANISATION_HERE = Life(
    "the masquerade domain itself in mydestination",
    "hosts that once were the domain's mail server",
    "postconf -e 'mydestination = $myhostname, localhost, lists.corp.example, hash:/etc/postfix/own, example.com'\n",
    (Mail("alice@example.com", "mailbox alice", "ses to alice@example.com"),),
    verdict=CHANGED,
    says=("mydestination", "example.com"),
    why="ses_masquerade_domain says where the domain's mail goes; the domain's own server would swallow it",
)

OFFICE = Host(
    "an office's host with many duties",
    "postfix",
    (
        ALIASES,
        PARTNER,
        RECIPIENTS,
        NON_ASCII,
        UTF8_ADDRESS,
        REQUIRE_TLS,
        VIRTUAL_ALIASES,
        VIRTUAL_MAILBOXES,
        LISTS,
        REGEXP_TRANSPORT,
        INCLUDE,
        FORWARD,
        SENDER_TRANSPORT,
        CANONICAL,
        HEADER_CHECKS,
        FILTER_ROW,
        SENDER_BCC,
        RELOCATED,
        SUBMISSION,
        RELAY_DOMAIN,
        ODD_DESTINATION,
        EXTENSION,
        MILTER,
        NULL_SENDER,
        VISITOR,
        OTHER_REGION,
        ORGANISATION_HERE,
    ),
    RELAYED,
)

FILTERED = Host(
    "a mail server behind a content filter",
    "postfix",
    (
        Life(
            "a content filter that hands in again on port 10025",
            "amavis's and SpamAssassin's guides",
            "postconf -e 'content_filter = smtp-amavis:[127.0.0.1]:10024'\n"
            "postconf -Me 'smtp-amavis/unix = smtp-amavis unix - - n - 2 smtp -o smtp_data_done_timeout=1200 "
            "-o smtp_send_xforward_command=yes -o disable_dns_lookups=yes -o max_use=20'\n"
            "postconf -Me '127.0.0.1:10025/inet = 127.0.0.1:10025 inet n - n - - smtpd -o content_filter= "
            "-o smtpd_recipient_restrictions=permit_mynetworks,reject -o mynetworks=127.0.0.0/8 "
            "-o receive_override_options=no_header_body_checks,no_unknown_recipient_checks'\n",
            (Mail(OUTSIDE, "filter + hub with X-Filtered: yes", "filter + ses with X-Filtered: yes"),),
            fault=4,
        ),
        Life(
            "mailbox_transport to a store that does not know root",
            "Dovecot's LMTP; reports of lost bounces",
            "postconf -e mailbox_transport=lmtp:inet:[127.0.0.5]:24",
            (Mail("alice", "store", "store"),),
            fault=3,
        ),
        Life(
            "what SES refuses comes back, though the store refuses root",
            "the same",
            mails=(
                Mail(
                    "info@customer.example",
                    HUB,
                    "notice in mailbox root",
                    sender="app@unverified.example",
                    header_from="app@unverified.example",
                ),
            ),
            verdict=CHANGED,
            why="the bounce has to be found, in the mailbox of ses_bounce_recipient",
            fault=3,
        ),
        Life(
            "a copy of every mail, by always_bcc",
            "archives",
            "postconf -e always_bcc=archive@localhost",
            (Mail("bob", "store", "store"),),
        ),
        Life(
            "users without an account, by fallback_transport",
            "stores with users of their own",
            "postconf -e fallback_transport=lmtp:inet:[127.0.0.5]:24 local_recipient_maps=",
            (Mail("nobodyhere", "store to nobodyhere", "store to nobodyhere"),),
        ),
        Life(
            "the filter's service fails after the role",
            "reports of checks that blame the network",
            mails=(Mail(OUTSIDE, HUB, SES),),
            later=(
                "systemctl restart lives-servers; for try in $(seq 50); do python3 -c 'import socket; "
                'socket.create_connection(("127.0.0.1", 10024))\' && break; sleep 0.1; done',
            ),
        ),
    ),
    RELAYED,
    passes=("filter", "store"),
)

ORIGIN = Host(
    "a host that sends in the name of its domain already",
    "postfix",
    (
        Life(
            "/etc/mailname holds the domain, and the role is given the required variables alone",
            "Debian's own question at the installation",
            "echo example.com >/etc/mailname; postconf -e myorigin=/etc/mailname",
            (Mail(OUTSIDE, "hub as root@example.com", "ses as root@example.com"),),
            fault=6,
        ),
        Life(
            "smtp_generic_maps give each user an address",
            "guides to smart hosts at home",
            row(
                "generic",
                "dave@postfix1.corp.test dave.doe@example.com",
                "dave@postfix2.corp.test dave.doe@example.com",
                "dave@postfix3.corp.test dave.doe@example.com",
                "dave@example.com dave.doe@example.com",
                parameter="smtp_generic_maps",
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
            "the host's own name is a domain of virtual mailboxes, and mydestination = localhost",
            "mail servers after Dovecot's guide",
            'postconf -e mydestination=localhost "virtual_mailbox_domains=$(hostname -f)"\n'
            "postconf -e virtual_transport=lmtp:inet:[127.0.0.5]:24\n"
            'printf "info@$(hostname -f) info\\n" >/etc/postfix/vmailbox; postmap /etc/postfix/vmailbox\n'
            "postconf -e virtual_mailbox_maps=hash:/etc/postfix/vmailbox\n"
            'printf "hostinfo: info@$(hostname -f)\\n" >>/etc/aliases; newaliases\n',
            (Mail("hostinfo@localhost", "store", "store"),),
            fault=7,
        ),
        Life(
            "mail for localhost",
            "cron jobs with MAILTO",
            mails=(Mail("bob@localhost", "mailbox bob", "mailbox bob"),),
        ),
    ),
    RELAYED,
    variables={"ses_masquerade_domain": ""},
)

NULL_CLIENT = Host(
    "a null client with another provider",
    "postfix",
    (
        Life(
            "mydestination is empty, and everything goes to the smart host",
            "Postfix's own description of a null client",
            "postconf -e mydestination= 'local_transport = error:local delivery is disabled' "
            "inet_interfaces=loopback-only",
            (
                Mail("root@people.example", "provider", "ses to root@people.example"),
                Mail("root", "provider", "ses as root@example.com"),
            ),
            why="SES gets what the provider got",
        ),
        Life(
            "the smart host is another provider, with credentials in sasl_passwd",
            "guides to SendGrid, Office 365 and Gmail",
            "postconf -e 'relayhost = [smtp.provider.example]:587' smtp_sasl_auth_enable=yes "
            "smtp_sasl_security_options=noanonymous\n"
            + row(
                "sasl_passwd",
                "[smtp.provider.example]:587 provider:provider-secret",
                parameter="smtp_sasl_password_maps",
            ),
            (Mail(OUTSIDE, "provider by provider", ROOT),),
            verdict=CHANGED,
            says=("relayhost", "smtp.provider.example"),
            why="the role is there for this; the provider's row stays where it is",
        ),
        Life(
            "a user's mail by a mail client without an MTA of its own",
            "mailx by SMTP",
            mails=(Mail(OUTSIDE, "provider", SES, how="smtp", header_from="app@example.com"),),
        ),
    ),
)

MAILDIRS = Host(
    "users' mail in their homes",
    "postfix",
    (
        Life(
            "home_mailbox = Maildir/",
            "Courier's and Dovecot's guides",
            "postconf -e home_mailbox=Maildir/",
            (Mail("alice", "Maildir alice", "Maildir alice"),),
        ),
        Life(
            "what SES refuses is in root's mailbox all the same",
            "the same",
            mails=(
                Mail(
                    "info@customer.example",
                    HUB,
                    "notice in mailbox root | notice in Maildir root",
                    sender="app@unverified.example",
                    header_from="app@unverified.example",
                ),
            ),
            verdict=CHANGED,
            why="as docs/roles.md says of bounces, whatever delivers local mail otherwise",
        ),
        Life(
            "a mailbox for everybody who is not known, by luser_relay",
            "small companies' catch-all",
            "postconf -e luser_relay=carol local_recipient_maps=",
            (Mail("whoever", "Maildir carol", "Maildir carol"),),
        ),
        Life(
            "a second file of aliases",
            "list servers' own alias file",
            "printf 'crew: \"|/usr/local/bin/keep crew\"\\n' >/etc/aliases-lists; postalias /etc/aliases-lists\n"
            "postconf -e 'alias_maps = hash:/etc/aliases, hash:/etc/aliases-lists'",
            (Mail("crew", "crew", "crew"),),
        ),
        Life(
            "an automatic reply beside the mailbox, by a user's .forward",
            "vacation",
            "printf '\\\\dave, \"|/usr/local/bin/keep vacation\"\\n' >/home/dave/.forward; chown dave "
            "/home/dave/.forward",
            (Mail("dave", "Maildir dave + vacation", "Maildir dave + vacation"),),
        ),
        Life(
            "recipients' addresses are rewritten, by recipient_canonical_maps",
            "renamed companies",
            row("recipient_canonical", "@old.example @new.example", parameter="recipient_canonical_maps"),
            (Mail("clerk@old.example", "hub to clerk@new.example", "ses to clerk@new.example"),),
        ),
        Life(
            "subdomains are hidden, by masquerade_domains",
            "clusters",
            "postconf -e masquerade_domains=example.com",
            (
                Mail(
                    OUTSIDE,
                    "hub as app@example.com",
                    "ses as app@example.com",
                    sender="app@node7.example.com",
                    header_from="app@node7.example.com",
                ),
            ),
        ),
        Life(
            "TLS is demanded of everybody, with exceptions in smtp_tls_policy_maps",
            "guides to hardening, and the old server that has no TLS",
            "postconf -e smtp_tls_security_level=encrypt\n"
            + row("tls_policy", "[127.0.0.2]:2025 none", "[127.0.0.6]:2025 none", parameter="smtp_tls_policy_maps")
            + row("transport", "old-server.example smtp:[127.0.0.6]:2025", parameter="transport_maps"),
            (Mail("desk@old-server.example", "inner", "inner"), Mail(OUTSIDE, HUB, ROOT)),
        ),
        Life(
            "smtp_header_checks beside a configuration set",
            "privacy guides",
            row("hide_smtp", "/^X-Mark:.*/ REPLACE X-Mark: seen", kind="regexp", parameter="smtp_header_checks"),
            (Mail(OUTSIDE, "hub with X-Mark: seen", "ses with X-Mark: seen", headers={"X-Mark": "inside"}),),
        ),
        Life(
            "the configuration set on what leaves",
            "ses_configuration_set",
            mails=(Mail(OUTSIDE, HUB, "ses with X-SES-CONFIGURATION-SET: lives"),),
        ),
        Life(
            "main.cf is a link into a checkout",
            "configuration under version control",
            late="mkdir -p /srv/checkout; mv /etc/postfix/main.cf /srv/checkout/main.cf; ln -s "
            "/srv/checkout/main.cf /etc/postfix/main.cf",
            mails=(Mail(OUTSIDE, HUB, ROOT),),
            later=("test -L /etc/postfix/main.cf; grep -q ses /srv/checkout/main.cf",),
            why="the file behind the link is written, and the link stays",
        ),
    ),
    RELAYED,
    variables={"ses_configuration_set": "lives"},
)

PROCMAIL = Host(
    "a program delivers",
    "postfix",
    (
        Life(
            "mailbox_command",
            "procmail and maildrop",
            "postconf -e 'mailbox_command = /usr/local/bin/keep procmail'",
            (Mail("alice", "procmail", "procmail"),),
        ),
        Life(
            "what SES refuses is in root's mailbox, though a program delivers",
            "the same",
            mails=(
                Mail(
                    "info@customer.example",
                    HUB,
                    "notice in mailbox root",
                    sender="app@unverified.example",
                    header_from="app@unverified.example",
                ),
            ),
            verdict=CHANGED,
            why="as docs/roles.md says of bounces",
            fault=3,
        ),
        Life(
            "a second way out, by smtp_fallback_relay",
            "hosts with two lines",
            "postconf -e 'smtp_fallback_relay=[127.0.0.2]:2025'",
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=CHANGED,
            says=("smtp_fallback_relay",),
            why="what goes to SES has no second way; the parameter is SES's client's no more, or goes, and is named",
        ),
    ),
    RELAYED,
)

DEAD_RELAY = Host(
    "a host whose smart host has died",
    "postfix",
    (
        Life(
            "mail that waits when the role comes",
            "the reason why one changes the smart host at all",
            mails=(
                Mail(OUTSIDE, "queue", ROOT),
                Mail("x@customer.example", "queue", "ses as alice@example.com", user="alice", header_from="alice"),
            ),
            fault=8,
        ),
        Life(
            "mail on hold stays on hold",
            "administrators who look at suspicious mail first",
            row("hold", "/^X-Suspicious:/ HOLD", kind="regexp") + "postconf -e header_checks=regexp:/etc/postfix/hold",
            (Mail(OUTSIDE, "hold", "hold", headers={"X-Suspicious": "yes"}),),
        ),
        Life(
            "local mail",
            "cron",
            mails=(Mail("bob", "mailbox bob", "mailbox bob"),),
        ),
    ),
    "postconf -e 'relayhost = [127.0.0.9]:2025'",
)

UPGRADES = Host(
    "a host that lives on",
    "postfix",
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
                "DEBIAN_FRONTEND=noninteractive apt-get -qq install --reinstall postfix >/dev/null 2>&1",
                16,
            ),
            (
                "postfix upgrade-configuration",
                "the package's own script",
                "postfix upgrade-configuration; postfix reload",
                0,
            ),
            (
                "dpkg-reconfigure",
                "administrators in doubt",
                "DEBIAN_FRONTEND=noninteractive dpkg-reconfigure postfix >/dev/null 2>&1",
                0,
            ),
            (
                "the hooks of if-up, if-down and resolvconf",
                "hosts whose network comes and goes",
                "for hook in /etc/network/if-up.d/postfix /etc/ppp/ip-up.d/postfix "
                "/etc/resolvconf/update-libc.d/postfix; do test ! -e $hook || sh $hook; done",
                0,
            ),
            ("newaliases and a reload", "everybody who edits aliases", "newaliases; systemctl reload postfix", 1),
            (
                "logrotate",
                "each night",
                # A host without rsyslog has no unit of it to tell.
                "test ! -e /etc/logrotate.d/rsyslog || logrotate -f /etc/logrotate.d/rsyslog; systemctl kill "
                "--signal=HUP rsyslog 2>/dev/null || true",
                0,
            ),
            ("the host reboots", "kernel updates", REBOOT, 0),
            ("postfix is stopped and started", "administrators", "systemctl stop postfix; systemctl start postfix", 0),
            (
                "canonical_maps and its table go",
                "administrators who tidy up",
                "postconf -X canonical_maps; rm /etc/postfix/canonical*; systemctl reload postfix",
                0,
            ),
        )
    ),
    row("canonical", "archive archive.keeper@example.com", parameter="canonical_maps") + RELAYED,
)

BOOKWORM = Host(
    "a host with Debian 12",
    "postfix",
    (
        Life(
            "postfix.service is active after the first run, and can be reloaded",
            "if-up and resolvconf hooks that reload Postfix",
            "systemctl stop postfix 'postfix@*'",
            mails=(Mail(OUTSIDE, "", ROOT),),
            later=(
                "systemctl is-active postfix; systemctl reload postfix",
                "sh /etc/network/if-up.d/postfix",
                "sh /etc/resolvconf/update-libc.d/postfix",
            ),
            fault=17,
        ),
        Life(
            "Postfix is stopped, and mail waits in maildrop",
            "hosts that somebody repairs",
            mails=(Mail(OUTSIDE, "", ROOT),),
            why="the role starts the MTA",
        ),
        Life(
            "a subject with an umlaut on Postfix 3.7, again and again",
            "as on Debian 13, where no connection is reused",
            mails=(Mail(OUTSIDE, "", SES, subject="größe"), Mail(OUTSIDE, "", SES, subject="größe")),
            fault=10,
        ),
    ),
    RELAYED,
    system="12",
)

HUB_KEPT = Host(
    "a hub for a network, with ses_loopback_only: false",
    "postfix",
    (
        Life(
            "other hosts hand over their mail, and go on to",
            "relay hosts of a data centre",
            "postconf -e inet_interfaces=all 'mynetworks=127.0.0.0/8 10.0.0.0/8'",
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
    "postfix",
    (
        Life(
            "other hosts handed over their mail, and the user closes that door",
            "hosts that listen for nobody any more",
            "postconf -e inet_interfaces=all 'mynetworks=127.0.0.0/8 10.0.0.0/8'",
            (Mail(OUTSIDE, HUB, ROOT),),
        ),
        Life(
            "the way out is default_transport, with its own next hop",
            "gateways by hand",
            "postconf -e relayhost= 'default_transport=smtp:[127.0.0.2]:2025'",
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=CHANGED,
            says=("default_transport",),
            why="the role is there for this",
        ),
    ),
    RELAYED,
    variables={"ses_loopback_only": True},
)

PRIVATE_LINK = Host(
    "a host that reaches the endpoint by /etc/hosts",
    "postfix",
    (
        Life(
            "the endpoint's name stands in /etc/hosts alone",
            "private links, and tests",
            TO_LINK,
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=EITHER,
            says=(LINK,),
            why="check and Postfix have to resolve by the same rules, or the role says that it cannot",
            fault=13,
        ),
    ),
    RELAYED,
    variables={"ses_endpoint": LINK},
)

SECOND_INSTANCE = Host(
    "a host with two Postfixes",
    "postfix",
    (
        Life(
            "a second instance by postmulti sends on its own",
            "bulk mail apart from the rest",
            "postmulti -e init >/dev/null 2>&1; postmulti -I postfix-out -G mta -e create >/dev/null 2>&1\n"
            "postconf -c /etc/postfix-out -e master_service_disable= 'inet_interfaces=127.0.0.1' "
            "'relayhost=[127.0.0.2]:2025' authorized_submit_users=root,dave\n"
            "postconf -c /etc/postfix-out -MX smtp/inet; postmulti -i postfix-out -e enable; systemctl restart "
            "postfix; postmulti -i postfix-out -p status >/dev/null 2>&1 || postmulti -i postfix-out -p start "
            ">/dev/null 2>&1",
            (Mail(OUTSIDE, HUB, ROOT),),
            verdict=EITHER,
            says=("instance",),
            why="never half: the first instance is the relay and the second goes on, or neither is touched",
        ),
    ),
    RELAYED,
)


OWN_WAYS = Host(
    "a host whose Postfix has names, addresses and tables of its own",
    "postfix",
    (
        Life(
            "Postfix's own name of the host is another than the system's",
            "hosting guides: myhostname in main.cf",
            "postconf -e myhostname=mail.other.example 'myorigin=$myhostname' "
            "'mydestination=$myhostname, localhost, lists.corp.example'",
            (
                Mail(OUTSIDE, "hub as root@mail.other.example", ROOT),
                Mail("bob", "mailbox bob", "mailbox bob"),
            ),
        ),
        Life(
            "Postfix listens at one address, which is not that of loopback, and what SES refuses comes back",
            "hosts with several addresses",
            'postconf -e "inet_interfaces=$(hostname -I | cut -d" " -f1)" '
            "empty_address_default_transport_maps_lookup_key=nobody",
            (
                Mail(
                    "info@customer.example",
                    HUB,
                    "notice in mailbox root",
                    sender="app@unverified.example",
                    header_from="app@unverified.example",
                ),
            ),
            verdict=CHANGED,
            why="the bounce has to be found, though Postfix's clients take this address",
        ),
        Life(
            "a hub without STARTTLS and AUTH, and a certificate that is gone",
            "work-arounds for old servers, and anchors for new ones",
            "postconf -e smtp_discard_ehlo_keywords=starttls,auth smtp_never_send_ehlo=yes smtp_always_send_ehlo=no "
            "smtp_tls_security_level=none smtp_tls_cert_file=/etc/postfix/gone.pem "
            "smtp_tls_trust_anchor_file=/etc/postfix/gone.pem",
            (Mail(OUTSIDE, HUB, ROOT),),
        ),
        Life(
            "a table of the host's own that is named ses_partners, and one of pipemap, beside Mailman's pattern",
            "tables by hand; Mailman 3",
            row("ses_partners", "partner.example smtp:[127.0.0.6]:2025", "customer.example :")
            + row("aliases_of_domains", "shop.example dept.example", kind="texthash")
            + row("transport", "dept.example smtp:[127.0.0.6]:2025")
            + row("mailman", "/^.*-bounces@lists\\.corp\\.example$/ mailman:", kind="regexp")
            + "postconf -e local_recipient_maps= 'transport_maps=hash:/etc/postfix/ses_partners, "
            "regexp:/etc/postfix/mailman, "
            "pipemap:{texthash:/etc/postfix/aliases_of_domains,hash:/etc/postfix/transport}'\n"
            "postconf -Me 'mailman/unix = mailman unix - n n - - pipe flags=FR user=nobody "
            "argv=/usr/local/bin/keep mailman'\n",
            (
                Mail("desk@partner.example", "inner", "inner"),
                Mail("sales@shop.example", "inner", "inner"),
                Mail("news-bounces@lists.corp.example", "mailman", "mailman"),
            ),
        ),
    ),
    RELAYED,
)
BY_RELAYHOST = Host(
    "a host that leads more than the default transport by relayhost",
    "postfix",
    (
        Life(
            "relay_domains that relay_transport leads by relayhost, of which one has a row",
            "gateways of a department",
            row("ways", "inner.example relay:[inner.corp.example]:2025", parameter="transport_maps")
            + "postconf -e inet_interfaces=loopback-only 'relay_domains=dept.example, inner.example'",
            (
                Mail("clerk@dept.example", HUB, "ses to clerk@dept.example"),
                Mail("clerk@dept.example", HUB, "notice in mailbox root | mailbox root", sender=""),
                Mail("clerk@inner.example", "inner", "inner"),
            ),
            verdict=CHANGED,
            says=("relay_domains", "dept.example"),
            why="relayhost was the way of this mail as of all other, and SES takes no null sender",
        ),
        Life(
            "a subdomain of a domain in mydestination, with compatibility_level = 0",
            "hosts that were upgraded for ten years: relay_domains = $mydestination",
            "postconf -e compatibility_level=0 'mydestination=$myhostname, localhost, corp.example'",
            (Mail("clerk@sub.corp.example", HUB, "ses to clerk@sub.corp.example"),),
        ),
        Life(
            "no service listens, and what SES refuses comes back",
            "null clients: master_service_disable = inet",
            "postconf -e master_service_disable=inet",
            (
                Mail(
                    "info@customer.example",
                    HUB,
                    "notice in mailbox root",
                    sender="app@unverified.example",
                    header_from="app@unverified.example",
                ),
            ),
            verdict=CHANGED,
            why="the relay's own service on loopback takes the bounce",
        ),
        Life(
            "a canonical map for recipients alone",
            "canonical_classes",
            row("canonical", "root archive@customer.example", parameter="canonical_maps")
            + "postconf -e canonical_classes=envelope_recipient,header_recipient",
            (Mail(OUTSIDE, HUB, ROOT),),
        ),
    ),
    RELAYED,
)
FIRST_RELEASE = Host(
    "a host that release 0.1.0 configured",
    "postfix",
    (
        Life(
            "what it wrote into main.cf for SES alone goes, with its credentials and its listener",
            "the collection's first release",
            row("sasl_passwd", "[127.0.0.2]:2025 user:secret", parameter="smtp_sasl_password_maps")
            + "rm /etc/postfix/sasl_passwd\n"
            "postconf -e inet_interfaces=loopback-only smtp_tls_security_level=secure smtp_tls_wrappermode=no "
            "smtp_sasl_auth_enable=yes relay_domains=ses-bounce.invalid relay_transport=ses-mailbox "
            "'sender_dependent_default_transport_maps=inline:{ {<> = ses-bounce:[127.0.0.25]:25} }'\n"
            "postconf -Me '127.0.0.25:25/inet = 127.0.0.25:25 inet n - y - - smtpd'\n",
            (Mail(OUTSIDE, "queue", ROOT),),
            verdict=CHANGED,
            says=("smtp_sasl_password_maps", "0.1.0"),
            why="every client took it over, and nobody would renew the credentials",
            later=(
                "test ! -e /etc/postfix/sasl_passwd.db; { postconf -n; postconf -M; } >/run/left; "
                "! grep -E '^smtp_sasl|^relay_domains|^127.0.0.25:25 ' /run/left",
            ),
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
) -> Host:
    """A host whose only life the role refuses; what arrived before arrives after."""
    life = Life(name, source, state, (Mail(to, before, before),), REFUSED, says, why, fault=fault)
    return Host(name, "postfix", (life,), RELAYED)


SQUATTER = (
    'systemd-run --quiet --unit=squatter python3 -c \'import socket, time; s = socket.create_server(("{}", {})); '
    "time.sleep(3600)'; for try in $(seq 50); do python3 -c 'import socket; "
    'socket.create_connection(("{}", {}))\' 2>/dev/null && break; sleep 0.1; done\n'
)

REFUSALS = (
    refused(
        "another program has an address that the role's services need, and Postfix does not come up",
        "hosts with mail programs of their own; a failure that only a start shows",
        "postconf -e inet_interfaces=loopback-only\n" + SQUATTER.format(*["127.0.0.25", 24] * 2),
        ("postfix",),
        fault=18,
        why="a late failure leaves the host with its old files, and its MTA running",
    ),
    refused(
        "one brand's sender leaves through the brand's own provider, by sender_dependent_relayhost_maps",
        "agencies with several providers",
        row(
            "relay_by_sender",
            "news@brand.example [smtp.provider.example]:2525",
            parameter="sender_dependent_relayhost_maps",
        ),
        ("sender_dependent_relayhost_maps",),
        why="its next hops count with the transport of default_transport alone, which becomes that of SES",
    ),
    refused(
        "mail that waits for `sendmail -q`, by defer_transports",
        "hosts behind a line that is dialled",
        "postconf -e defer_transports=smtp",
        ("defer_transports",),
        before="queue",
    ),
    refused(
        "a row `*` in transport_maps leads everything to another hub",
        "guides to smart hosts by transport_maps",
        row("transport", "* smtp:[127.0.0.2]:2025", parameter="transport_maps"),
        ("transport_maps", "*"),
        fault=2,
    ),
    refused(
        "the same row in a table that is named by $config_directory",
        "packaged configurations",
        row("transport", "* smtp:[127.0.0.2]:2025")
        + "postconf -e 'transport_maps = $default_database_type:$config_directory/transport'",
        ("transport_maps", "*"),
    ),
    refused(
        "relay_transport names $relayhost",
        "gateways by hand",
        "postconf -e relay_domains=dept.example 'relay_transport=smtp:$relayhost'",
        ("relay_transport",),
        to="clerk@dept.example",
    ),
    refused(
        "master.cf without tlsmgr",
        "hosts that were made small by hand",
        "postconf -MX tlsmgr/unix",
        ("tlsmgr",),
    ),
    refused(
        "a row `*` in transport_maps leads everything to SES in another region",
        "copied blogs",
        row("transport", "* smtp:[email-smtp.eu-west-1.amazonaws.com]:587", parameter="transport_maps")
        + "postconf -e smtp_tls_CAfile=/etc/ssl/testbed-ca.pem",
        ("transport_maps",),
        before="",
        fault=2,
    ),
    refused(
        "a regular expression in transport_maps takes every domain",
        "the same, by regexp",
        row("everything", "/.*/ smtp:[127.0.0.2]:2025", kind="regexp", parameter="transport_maps"),
        ("transport_maps",),
        fault=2,
    ),
    refused(
        "inet_protocols = ipv6",
        "hosts in a network without IPv4",
        "postconf -e inet_protocols=ipv6 'relayhost=[::1]:2025'",
        ("inet_protocols",),
        before="",
        fault=18,
    ),
    refused(
        "the unit is masked",
        "administrators who want no MTA",
        "systemctl stop postfix; systemctl mask postfix",
        ("mask",),
        before="",
        fault=18,
    ),
    refused(
        "main.cf has a line that is no parameter",
        "editors' accidents",
        "printf 'this is = no\\n  parameter\\n) (\\n' >>/etc/postfix/main.cf",
        ("main.cf",),
        before="not taken",
    ),
    refused(
        "master.cf has a service of three words",
        "editors' accidents",
        "printf 'broken unix -\\n' >>/etc/postfix/master.cf",
        ("master.cf",),
        before="",
    ),
    refused(
        "a map type that is not installed",
        "a configuration from a host with postfix-ldap",
        "printf 'server_host = ldap.corp.example\\n' >/etc/postfix/ldap.cf; postconf -e 'virtual_alias_maps = "
        "ldap:/etc/postfix/ldap.cf'",
        ("ldap",),
        before="queue",
    ),
    refused(
        "a table that was never built",
        "hand-edited tables",
        "printf 'x.example smtp:[127.0.0.2]:2025\\n' >/etc/postfix/unbuilt; postconf -e "
        "transport_maps=hash:/etc/postfix/unbuilt",
        ("unbuilt",),
        before="queue",
    ),
    refused(
        "other hosts hand over their mail, and nobody said what becomes of them",
        "relay hosts of a data centre",
        "postconf -e inet_interfaces=all 'mynetworks=127.0.0.0/8 10.0.0.0/8'",
        ("ses_loopback_only",),
    ),
    refused(
        "a sender's row takes every sender elsewhere",
        "sender_dependent_relayhost_maps with a catch-all",
        row("everyone", "/.*/ [127.0.0.2]:2025", kind="regexp", parameter="sender_dependent_relayhost_maps"),
        ("sender_dependent_relayhost_maps",),
    ),
)

ELSEWHERE = Host(
    "what Postfix on Debian cannot lead",
    "postfix",
    (
        Life(
            "submission leads to another hub than the MTA",
            "submit.mc",
            verdict=NOT_HERE,
            why="Postfix's sendmail hands over to its own queue; it has no submission program with a smart host "
            "of its own",
            fault=12,
        ),
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
    ),
)

HOSTS = (
    OFFICE,
    FILTERED,
    ORIGIN,
    NULL_CLIENT,
    MAILDIRS,
    PROCMAIL,
    DEAD_RELAY,
    UPGRADES,
    BOOKWORM,
    HUB_KEPT,
    HUB_CLOSED,
    PRIVATE_LINK,
    SECOND_INSTANCE,
    OWN_WAYS,
    BY_RELAYHOST,
    FIRST_RELEASE,
    *REFUSALS,
    ELSEWHERE,
)
