# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of causes: one row a cause, the first row that matches a symptom is its cause.

Sentences may use the symptom's facts (FACTS of diagnosis.py) and the named groups of `says`. A port stands beside
the sentence, never in it: so ports that share a cause share the sentence.
"""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._ses.partitions import FIPS_REGIONS

_SES = "https://docs.aws.amazon.com/ses/latest/dg/"
_TROUBLE = _SES + "troubleshoot-smtp.html"
_CONNECT = _SES + "smtp-connect.html"
_CREDENTIALS = _SES + "smtp-credentials.html"
_REGIONS = "https://docs.aws.amazon.com/general/latest/gr/ses.html"
_QUOTAS = _SES + "manage-sending-quotas-errors.html"
_IDENTITIES = _SES + "verify-addresses-and-domains.html"
_RFC = "https://www.rfc-editor.org/rfc/rfc"
_FILTERS = "https://www.postfix.org/FILTER_README.html"
_MILTERS = "https://www.postfix.org/MILTER_README.html"
_MTU = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html"
_MAIL_MANAGER = _SES + "eb-ingress.html"
_ANSIBLE = "https://docs.ansible.com/ansible/latest/"

_LOWER_MTU = (
    "Set the MTU of the interface of the default route to {size} (role mailops.ses.network with ses_mtu: auto), or let "
    "ICMP type 3 code 4 (IPv6: type 2) through the firewalls on the way."
)

_SMALL_HELLO = (
    "let OpenSSL on this host offer classical key exchange alone (openssl.cnf: `Groups = X25519:prime256v1` in the "
    "section that `system_default` names, in that which `ssl_conf` names; add what is missing, as on Debian 13)"
)

_MEND_FAMILY = (
    "Let {family} through to {endpoint} in the host's and the network's firewalls. Where the network carries no "
    "{family}, take the host's route by {family} away, so that connections fail at once, or have DNS give no such "
    "addresses."
)
# What is known of the MTA, and what it does where one family of the endpoint's addresses swallows connections.
_WAITS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("on_postfix",),
        "Postfix begins with either kind, by chance, waits 30 seconds (2 with ses_fallback) for each address that does "
        "not answer, and goes on to the next: mail leaves, some of it late.",
    ),
    (
        ("on_sendmail",),
        "Sendmail begins with IPv6, waits for each address that does not answer until the kernel gives it up, about "
        "two minutes (2 seconds with ses_fallback), and goes on to the next: mail leaves, and late where IPv6 is what "
        "does not answer.",
    ),
    (
        (),
        "An MTA waits for its time-out at each address that does not answer, and goes on to the next: Postfix begins "
        "with either kind, by chance, Sendmail with IPv6.",
    ),
)

# Server replies carry an enhanced status code or not; a queue shows them with other words around.
_X = r"[ -](?:\d\.\d{1,3}\.\d{1,3} )?"

# An MTA's words for a service of the host's own that is dead.
_NOT_TAKEN = r"connect to|timed out|refused by|lost connection with|read error from|TLS is required"

# Their words for a name that DNS does not have.
_NO_NAME = (
    r"Host or domain name not found|Host unknown|"
    # Of the C library, which the role has Postfix ask (smtp_host_lookup = native).
    r"unable to look up host \S+: (?:Name or service not known|No address associated with hostname)"
)


class Cause(NamedTuple):
    """A row of the table: which symptoms it takes, what it says of them, and where AWS or others document it."""

    id: str
    cause: str
    remedy: str
    source: str
    kinds: tuple[str, ...] = ("reply",)  # kinds of failure; empty: any
    stages: tuple[str, ...] = ()  # empty: any
    says: str = ""  # a regular expression, matched from the start of a server's reply
    ports: tuple[int, ...] = ()
    scopes: tuple[str, ...] = ()  # how the other ports do: "works", "swallowed", "" (unknown)
    needs: tuple[str, ...] = ()  # facts that have to be known, from the options, the certificate or the queue
    queue: str = ""  # a regular expression for an MTA's own words, when no server replied
    holds: bool = False  # of queued mail: what lies between the host and SES keeps all of its mail, and does not pass
    aside: bool = False  # of queued mail: it waits before or beside the way to SES, and tells nothing of other mail


CAUSES: tuple[Cause, ...] = (
    # The options: told before a connection is opened.
    Cause(
        "secret_access_key_as_password",
        "The password is an AWS secret access key, and SES's SMTP interface takes only the password derived from it.",
        "Derive the SMTP password for the region with the filter mailops.ses.smtp_password, or give the key as "
        "ses_secret_access_key (secret_access_key of smtp_check).",
        _CREDENTIALS,
        kinds=("secret_access_key",),
    ),
    Cause(
        "temporary_keys",
        "The credentials are temporary keys (ASIA…), with which SES's SMTP interface does not work.",
        "Create SMTP credentials for an IAM user, whose access key ID begins AKIA, and use those.",
        _CREDENTIALS,
        kinds=("temporary_keys",),
    ),
    # Another server than SES's, and what runs on the host itself: SES and the way to it have no part in these.
    Cause(
        "local_mta_refuses",
        "The host's own MTA does not take the mail that users hand over: {said}",
        "Correct what its reply names: a full disk of its queue, a filter, its access table or a table that cannot be "
        "read; its log has more. The mail waits in the submission queue until then.",
        _RFC + "5321",
        kinds=("reply",),
        says=r"[45]\d\d[ -]",
        needs=("submission",),
        holds=True,
    ),
    Cause(
        "own_service_refuses",
        "A service of the host's own (a filter, a mail store) at {local} refuses: {said}",
        "Look into that service's log, and correct what its reply names. It is no server of SES's: mail for SES that "
        "does not pass through it is not concerned.",
        _FILTERS,
        kinds=("reply",),
        says=r"[45]\d\d[ -]",
        needs=("local",),
        aside=True,
    ),
    Cause(
        "local_mta_down",
        "The host's own MTA does not take the mail that users hand over: nothing answers on its port.",
        "Start the MTA (`systemctl status sendmail` tells why it is down). The mail waits in the submission queue, "
        "and leaves when that queue is run: by cron, by a daemon (MSP_MODE in sendmail.conf, or sm-client.service), or "
        "at once by `sendmail -Ac -q`.",
        _RFC + "5321",
        kinds=("queue",),
        queue=r"(?:refused by|timed out with) \[?(?:127\.0\.0\.1|localhost|(?:IPv6:)?::1)(?![\w:]|\.\w)",
        holds=True,
    ),
    Cause(
        "side_service_down",
        "A service of the host's own (a mail store, a tunnel to a partner) does not take mail at {local}; the MTA "
        "leads mail for other domains past it.",
        "Start that service, and see that it listens there; or take it out of the MTA's settings (Postfix: "
        "mailbox_transport, virtual_transport, transport_maps; Sendmail: mailertable). Mail for SES is not concerned.",
        "https://www.postfix.org/transport.5.html",
        kinds=("queue",),
        needs=("local", "past"),
        queue=_NOT_TAKEN,
        aside=True,
    ),
    Cause(
        "own_service_down",
        "A service of the host's own (a filter, a mail store) does not take mail at {local}.",
        "Start that service, and see that it listens there; or take it out of the MTA's settings (Postfix: "
        "content_filter, mailbox_transport, virtual_transport, transport_maps). The mail waits until then, and SES "
        "has no part in it.",
        _FILTERS,
        kinds=("queue",),
        needs=("local",),
        queue=_NOT_TAKEN,
        holds=True,
    ),
    Cause(
        "own_filter_refuses",
        "A mail filter (milter) of the host's own does not take the mail.",
        "Look into the filter's log, and see that it runs where the MTA expects it (Postfix: smtpd_milters, "
        "non_smtpd_milters; Sendmail: INPUT_MAIL_FILTER). SES has no part in it.",
        _MILTERS,
        kinds=("queue",),
        queue=r"[Mm]ilter|4\.7\.1 Service unavailable - try again later|5\.7\.1 Command rejected",
        aside=True,
    ),
    Cause(
        "own_mta_faulty",
        "The host's own MTA cannot handle the mail before it goes anywhere: a table cannot be read, or a setting is "
        "wrong.",
        "See the MTA's log for the reason. Rebuild the aliases (`newaliases`) and the other tables, or correct the "
        "setting, then let the queue run.",
        "https://www.postfix.org/postconf.5.html",
        kinds=("queue",),
        queue=r"alias database unavailable|local configuration error|mail system configuration error|"
        r"table lookup problem",
        aside=True,
    ),
    Cause(
        "own_transport_missing",
        "A service that the host's Postfix hands the mail to is not in its master.cf, or does not start; it may be the "
        "one that leads to SES.",
        "See the mail log, which names the service. Put it into master.cf, or correct the setting that names it "
        "(default_transport, transport_maps, content_filter); for the way to SES run the playbook mailops.ses.relay.",
        "https://www.postfix.org/master.5.html",
        kinds=("queue",),
        queue=r"unknown mail transport error|mail transport unavailable",
        holds=True,
    ),
    Cause(
        "own_tls_settings_faulty",
        "The host's own Postfix does not understand a TLS setting of its client, and so hands no mail to the server.",
        "See the mail log, whose warning names the setting (such as smtp_tls_policy_maps, smtp_tls_security_level or "
        "smtp_tls_mandatory_protocols) and the value; correct it, and for the way to SES run the playbook "
        "mailops.ses.relay.",
        "https://www.postfix.org/TLS_README.html",
        kinds=("queue",),
        queue=r"client TLS configuration problem",
        holds=True,
    ),
    Cause(
        "local_user_unknown",
        "The mail is for a user of this host, and there is no such user.",
        "Give the name an alias in the host's aliases (/etc/aliases, then `newaliases`) that leads to an address which "
        "somebody reads, or create the user.",
        _RFC + "5321",
        kinds=("queue",),
        queue=r"unknown user: |User unknown in local recipient table",
        aside=True,
    ),
    Cause(
        "own_disk_full",
        "The host's own disk is full, or the user's share of it: {said}",
        "Make room, or raise the quota (`df`, `df -i`, `quota`; Postfix: mailbox_size_limit), then let the queue run.",
        "https://www.postfix.org/local.8.html",
        kinds=("queue",),
        queue=r"No space left on device|Disk quota exceeded|File too large",
        aside=True,
    ),
    Cause(
        "own_delivery_fails",
        "The mail is for this host, and it cannot be put into its mailbox or handed to its command: {said}",
        "See the mail log, and correct the mailbox's owner and mode or the command (in /etc/aliases, .forward, "
        "mailbox_command; of Sendmail the mailer's program). Mail for SES is not concerned.",
        "https://www.postfix.org/local.8.html",
        kinds=("queue",),
        queue=r"cannot update mailbox|Command died|Command time limit exceeded|Command output: |"
        r"(?:local|prog|procmail) mailer \(",
        aside=True,
    ),
    Cause(
        "mail_loops",
        "The mail goes in circles on the host's own routes: {said}",
        "Take out the alias, the .forward or the route (transport, mailertable) that leads it back to where it came "
        "from. SES has no part in it.",
        _RFC + "5321",
        kinds=("queue",),
        queue=r"mail forwarding loop|loops back to myself|too many hops",
        aside=True,
    ),
    Cause(
        "other_server",
        "Mail for another server than SES waits: {elsewhere} does not take it ({said}).",
        "See with the people who run {elsewhere}, and in the network between, why. It is mail that the host's own "
        "routes (transport, mailertable) lead there; mail for SES is not concerned.",
        _RFC + "5321",
        kinds=("queue", "reply"),
        says=r"(?!530)[45]\d\d[ -]",
        needs=("elsewhere",),
        queue=r"connect to|refused by|timed out|lost connection with|[Hh]ost not found|Name service error|"
        r"host name lookup failure|[Hh]ost unknown|TLS|No route to host|read error from",
        aside=True,
    ),
    # The way to the server.
    Cause(
        "dns_unavailable",
        "The host's DNS gave no answer for {endpoint}.",
        "Check the name servers in the host's resolver settings and that UDP and TCP port 53 to them are open.",
        _CONNECT,
        kinds=("dns_unavailable",),
        queue=r"Host not found, try again|Temporary failure in name resolution|"
        r"Name server: .*host name lookup failure|host map: lookup \(\S*\): deferred",
        holds=True,
    ),
    Cause(
        "dns_unavailable",
        "The host's DNS is too slow: it answered for {endpoint} when the check's time was nearly over, or not at all.",
        "Check each name server in the host's resolver settings: a dead one that is asked first costs 5 seconds a "
        "look-up. With a longer timeout the check tells what comes after the name.",
        _CONNECT,
        kinds=("dns_late",),
        holds=True,
    ),
    Cause(
        "name_unresolved",
        "The name {endpoint} does not resolve: AWS lists no SES in its partition {no_ses}.",
        "Send through a region of another partition, for example ap-southeast-1 (Singapore), with an AWS account and "
        "SMTP credentials of that partition. AWS's regions in China (cn-north-1, cn-northwest-1) have no SES.",
        _REGIONS,
        kinds=("unresolved",),
        needs=("no_ses",),
        queue=_NO_NAME,
        holds=True,
    ),
    Cause(
        "name_unresolved",
        "The name {endpoint} does not resolve: SES has an API in {no_smtp}, and no SMTP endpoint has been found there.",
        "Send through another region, such as eu-central-1 in place of eu-central-2, with an identity that is verified "
        "and an SMTP password that is derived there.",
        _REGIONS,
        kinds=("unresolved",),
        needs=("no_smtp",),
        queue=_NO_NAME,
        holds=True,
    ),
    Cause(
        "name_unresolved",
        "The name {endpoint} does not resolve: the usual endpoint of its region is {usual_name}.",
        "Give the region (ses_region) and leave the endpoint (ses_endpoint) out, or give {usual_name}. AWS documents "
        f"FIPS endpoints of SES in {', '.join(FIPS_REGIONS)}, and no SMTP endpoint in api.aws.",
        _REGIONS,
        kinds=("unresolved",),
        needs=("usual_name",),
        queue=_NO_NAME,
        holds=True,
    ),
    Cause(
        "name_unresolved",
        "The name {endpoint} does not resolve: DNS says that it does not exist.",
        "Check the region and the endpoint for a typo, and that SES has an SMTP endpoint in this region; on a "
        "private network check that the host's DNS server answers for it.",
        _CONNECT,
        kinds=("unresolved",),
        queue=_NO_NAME,
        holds=True,
    ),
    Cause(
        "port_refused",
        "Of {endpoint}'s addresses, {refusing} refused the connection and {silent} gave no answer in time: firewalls "
        "on the way treat them differently, or the network does not carry one kind of address (IPv4, IPv6).",
        "Open outbound TCP to this port of all addresses of {endpoint}, IPv4 and IPv6, in the host's and the network's "
        "firewall, or use another of the ports 587, 2587, 465, 2465. Where the allowlist (ses_egress_allowlist) is on, "
        "give its role the same ses_region or ses_endpoint as the relay.",
        _TROUBLE,
        kinds=("refused",),
        stages=("connect",),
        needs=("silent",),
        holds=True,
    ),
    Cause(
        "port_refused",
        "The connection is refused: {endpoint}, a firewall in its place, or the host's own egress allowlist "
        "(ses_egress_allowlist of role mailops.ses.network) answers with a reset.",
        "Open outbound TCP to this port of {endpoint} in the host's and the network's firewall, or use another of the "
        "ports 587, 2587, 465, 2465. Where the allowlist is on, give its role the same ses_region or ses_endpoint as "
        "the relay.",
        _TROUBLE,
        kinds=("refused",),
        stages=("connect",),
        queue=r"connect to \S+: Connection refused|Connection refused by",
        holds=True,
    ),
    Cause(
        "port_25_swallowed",
        "Connections to port 25 time out: cloud networks such as EC2 throttle or block port 25.",
        "Use port 587 or 465, which are not throttled; only if it must be 25, ask AWS to remove the e-mail sending "
        "limitation.",
        _TROUBLE,
        kinds=("timeout",),
        stages=("connect",),
        ports=(25,),
        scopes=("works", ""),
        queue=r"connect to \S+:25: (?:Connection|Operation) timed out",
        holds=True,
    ),
    Cause(
        "egress_firewall",
        "Every mail port that was tried times out while {witness} answers: an egress firewall, a security group or a "
        "network ACL drops outbound mail.",
        "Allow outbound TCP on port 587 (or 2587, 465, 2465) in the security group and the network ACL, which take no "
        "names, and to {endpoint} by name in a firewall that does.",
        _TROUBLE,
        kinds=("timeout",),
        stages=("connect",),
        scopes=("swallowed",),
        needs=("witness",),
        holds=True,
    ),
    Cause(
        "all_ports_swallowed",
        "Every port that was tried times out, and nothing else was reached either: the host has no way out, or a "
        "firewall drops all that leaves it.",
        "Check the host's route to the internet (gateway, NAT). Then allow outbound TCP on port 587 (or 2587, 465, "
        "2465) in the security group and the network ACL, which take no names, and to {endpoint} by name in a "
        "firewall that does.",
        _TROUBLE,
        kinds=("timeout",),
        stages=("connect",),
        scopes=("swallowed",),
        holds=True,
    ),
    Cause(
        "port_swallowed",
        "Connections to this port time out: a firewall on the way drops the packets without an answer.",
        "Allow outbound TCP to this port of {endpoint}, or use another port that smtp_check reaches.",
        _TROUBLE,
        kinds=("timeout",),
        stages=("connect",),
        queue=r"connect to \S+: (?:Connection|Operation) timed out|Deferred: (?:Connection|Operation) timed out",
        holds=True,
    ),
    Cause(
        "address_swallowed",
        "Of {endpoint}'s addresses, {silent} gave no answer in time while another one took the connection: an MTA that "
        "begins there waits for its time-out, so mail is slow.",
        "Check whether the network carries this kind of address (IPv4, IPv6) at all, and let all addresses that DNS "
        "returns for {endpoint} through the firewalls on the way. If only one of several of a kind is silent, check "
        "again later: SES replaces its addresses.",
        _TROUBLE,
        kinds=("address_swallowed",),
    ),
    *(
        Cause(
            "family_swallowed",
            "Of {endpoint}'s addresses, those of {works} take connections and those of {family} ({silent}) do not "
            f"answer. {waits}",
            _MEND_FAMILY,
            _TROUBLE,
            kinds=("family_swallowed",),
            needs=needs,
        )
        for needs, waits in _WAITS
    ),
    Cause(
        "family_refused",
        "Of {endpoint}'s addresses, those of {works} take connections and those of {family} ({silent}) refuse them. An "
        "MTA that begins there goes on to the next address at once, so mail leaves in time.",
        _MEND_FAMILY,
        _TROUBLE,
        kinds=("family_refused",),
    ),
    Cause(
        "family_missing",
        "{endpoint} has {missing} addresses alone, and this host has no route by {missing}.",
        "SES's public endpoints have IPv4 addresses alone: give the host a way by IPv4 (NAT, or NAT64 with DNS64), or "
        "give ses_endpoint (endpoint of smtp_check) the name of a VPC endpoint in the host's network whose IP address "
        "type is dualstack or ipv6. Where the endpoint is a VPC endpoint with IPv6 addresses, give the host IPv6.",
        _CONNECT,
        kinds=("unreachable",),
        needs=("missing",),
        holds=True,
    ),
    Cause(
        "network_unreachable",
        "The host has no route to {endpoint}.",
        "Check the host's default route and, for IPv6 addresses, whether the network carries IPv6 at all.",
        _TROUBLE,
        kinds=("unreachable",),
        queue=r"Network is unreachable|No route to host",
        holds=True,
    ),
    Cause(
        "forbidden_by_host",
        "The host itself forbids the connection: a prohibiting route, systemd's IPAddressDeny or a security module.",
        "Look into `ip route`, the unit's IPAddressDeny and the security module's log (SELinux, AppArmor), and allow "
        "the mail ports.",
        _TROUBLE,
        kinds=("forbidden",),
        queue=r"(?:connect to \S+|Deferred): (?:Permission denied|Operation not permitted)",
        holds=True,
    ),
    # TLS.
    Cause(
        "wrapper_on_starttls_port",
        "The port expects TLS from the first byte (TLS wrapper), but was spoken to in clear, as for STARTTLS.",
        "At SES the ports 587, 2587 and 25 speak STARTTLS, so a proxy or another server answers in its place: look for "
        "it (the endpoint's name, its addresses in DNS). If that server is meant, let it speak STARTTLS on this port.",
        _CONNECT,
        kinds=("wrapper_spoken",),
        holds=True,
    ),
    Cause(
        "starttls_on_wrapper_port",
        "The port was spoken to in TLS from the first byte (TLS wrapper), but the server speaks plain text there "
        "first.",
        "At SES the ports 465 and 2465 are TLS wrapper, so a proxy or another server answers in its place: look for "
        "it (the endpoint's name, its addresses in DNS). Where an MTA says this of port 587, 2587 or 25, turn its "
        "wrapper mode off (Postfix: `smtp_tls_wrappermode = no`).",
        _CONNECT,
        kinds=("plain_spoken",),
        queue=r"wrong version number",
        holds=True,
    ),
    Cause(
        "starttls_not_offered",
        "The server does not offer STARTTLS, which SES always does: a proxy or firewall in the middle takes it out, "
        "or this is not SES.",
        "Exempt the mail ports from inspection (for Cisco devices: `no inspect esmtp`), or use the TLS-wrapper port "
        "465, which cannot be downgraded.",
        _RFC + "3207",
        kinds=("no_starttls",),
        queue=r"\bTLS is required, but was not offered|does not support STARTTLS",
        holds=True,
    ),
    Cause(
        "starttls_refused",
        "The server offers STARTTLS and then refuses it: {said}",
        "Try again later or use the TLS-wrapper port 465; if it stays, look for a proxy between the host and SES.",
        _RFC + "3207",
        stages=("tls",),
        holds=True,
    ),
    Cause(
        "starttls_injected",
        "More bytes came after the reply to STARTTLS, in clear: somebody in the middle injects commands or replies.",
        "Do not send over this network before the device in the middle is found; the TLS-wrapper port 465 is not "
        "open to this.",
        _RFC + "3207",
        kinds=("injected",),
        holds=True,
    ),
    Cause(
        "certificate_expired",
        "The server's certificate expired on {not_after}.",
        "Check the host's clock first (timedatectl) and set it if it is wrong. If it is right, somebody other than "
        "SES answers (a proxy that inspects TLS, a test server), whose certificate has to be renewed.",
        _CONNECT,
        kinds=("certificate_expired",),
        queue=r"certificate has expired",
        holds=True,
    ),
    Cause(
        "certificate_not_yet_valid",
        "The server's certificate is valid only from {not_before}: the host's clock is behind.",
        "Set the host's clock (timedatectl) and keep it set with a time service such as chrony.",
        _CONNECT,
        kinds=("certificate_not_yet_valid",),
        queue=r"certificate is not yet valid",
        holds=True,
    ),
    Cause(
        "certificate_wildcard",
        "The server's certificate has {endpoint} only as {wildcard}, and that in its common name alone. Sendmail takes "
        "no wildcard there, and defers all mail; Postfix does.",
        "Have the certificate, which no server of SES shows, made anew with the name as a DNS name among its "
        "alternative names (SAN); or use Postfix (role mailops.ses.postfix).",
        _RFC + "9525",
        kinds=("certificate_wildcard",),
        needs=("wildcard",),
        queue=r"CN (?P<wildcard>\S+) does not match (?P<endpoint>\S+)",
        holds=True,
    ),
    Cause(
        "hostname_mismatch",
        "The server is SES and shows a certificate for {ses_name}, but it was connected to as {endpoint}: that is the "
        "load balancer's name or another alias, not the endpoint's.",
        "Give {ses_name} as the endpoint, in brackets where an MTA takes them, and do not let the MTA expand it. An "
        "MTA that expands the name needs these rows: Postfix in /etc/postfix/sasl_passwd `{endpoint} "
        'USERNAME:PASSWORD`; Sendmail in /etc/mail/authinfo `AuthInfo:{endpoint} "U:root" "I:USERNAME" "P:PASSWORD" '
        '"M:LOGIN"` and in '
        "/etc/mail/access `Connect:{endpoint} RELAY`. The roles write them (ses_hostname_fix), the credentials into "
        "tables of their own: ses_sasl_passwd and ses_authinfo.",
        _TROUBLE,
        kinds=("certificate_other_name",),
        needs=("ses_name",),
        queue=r"CN \S+ does not match (?P<endpoint>\S+)",
        holds=True,
    ),
    Cause(
        "certificate_other_name",
        "The server's certificate is for other names than {endpoint}: {names}.",
        "Give as endpoint a name that the certificate has; if it should be SES, find out who answers in its place "
        "(DNS, a proxy).",
        _CONNECT,
        kinds=("certificate_other_name",),
        queue=r"CN (?P<names>\S+) does not match (?P<endpoint>\S+)",
        holds=True,
    ),
    Cause(
        "certificate_untrusted",
        "The server's certificate, issued by {issuer}, is not trusted by the host's CA file ({said}).",
        "Update the distribution's CA certificates; if a proxy inspects TLS or it is a test server, give its CA as "
        "ses_tls_ca_file (ca_file of smtp_check).",
        _CONNECT,
        kinds=("certificate_untrusted",),
        queue=r"Server certificate not trusted|certificate verification failed|self[- ]signed certificate",
        holds=True,
    ),
    Cause(
        "certificate_not_verified",
        "The server's certificate does not verify: it is untrusted, expired, not valid yet, or of another name. The "
        "MTA does not say which.",
        "Run the check (mailops.ses.check, smtp_check) on this host, which names the fault, the issuer and the names; "
        "the mail waits until then, and no credentials are sent.",
        _CONNECT,
        kinds=("queue",),
        queue=r"Server certificate not verified|403 4\.7\.0 authentication fail",
        holds=True,
    ),
    Cause(
        "tls_too_old",
        "Server and host have no TLS version in common: SES speaks 1.2 and 1.3, and nothing older is accepted.",
        "If the endpoint is SES, look for a proxy that speaks old TLS; otherwise enable TLS 1.2 on the server.",
        _SES + "security-protocols.html",
        kinds=("tls_too_old",),
        queue=r"unsupported protocol|alert protocol version",
        holds=True,
    ),
    Cause(
        "path_mtu_black_hole",
        "Packets of more than {size} bytes are lost on the way, and so is the ICMP message that should report it "
        "(path-MTU black hole): the TLS handshake, which needs large packets, hangs.",
        _LOWER_MTU,
        _MTU,
        kinds=("path_mtu_black_hole",),
        holds=True,
    ),
    Cause(
        "path_mtu_black_hole",
        "Packets of more than {size} bytes from this host are lost on the way, and so is the ICMP message that should "
        "report it (path-MTU black hole): TLS and small mail pass, larger mail hangs.",
        _LOWER_MTU,
        _MTU,
        kinds=("large_writes_lost",),
        holds=True,
    ),
    Cause(
        "path_mtu_one_way",
        "In one direction, packets of more than {size} bytes are lost on the way without a report (path-MTU black "
        "hole). In the other direction ICMP reports the limit, and who gets the report keeps packets small both ways "
        "for 10 minutes: so the fault comes and goes.",
        _LOWER_MTU,
        _MTU,
        kinds=("path_mtu_one_way",),
    ),
    Cause(
        "large_hello_unanswered",
        "{endpoint}, or a device in its place, does not answer a TLS greeting (ClientHello) of several "
        "packets, however small these are, while it answers a small one: the path MTU is not the cause.",
        "If the endpoint is SES, look for a firewall or proxy that inspects TLS and update it. Sendmail with OpenSSL "
        "3.5 or newer sends such a greeting and can hang in TLS (Postfix sends a small one): until then "
        + _SMALL_HELLO
        + ".",
        "https://tldr.fail/",
        kinds=("large_hello_unanswered",),
    ),
    Cause(
        "large_hello_blocked",
        "On the way to {endpoint} a TLS greeting (ClientHello) of {large_hello} bytes is reset or dropped, and one of "
        "{small_hello} bytes passes. OpenSSL 3.5 and newer greet at such length, for post-quantum key exchange "
        "(ML-KEM), and so does Sendmail with them: it cannot send. Postfix greets with a small one, and can.",
        "Look for a firewall or proxy that inspects TLS, and update it. Until then " + _SMALL_HELLO + " and restart "
        "Sendmail; or use Postfix (role mailops.ses.postfix).",
        "https://tldr.fail/",
        kinds=("large_hello_blocked",),
    ),
    Cause(
        "large_hello_blocked",
        "On the way to {endpoint} a TLS greeting (ClientHello) of {large_hello} bytes, as OpenSSL sends it here, is "
        "reset or dropped. The port was checked with one of {small_hello} bytes: Postfix greets with a small one and "
        "is not hit, Sendmail with OpenSSL 3.5 or newer would be.",
        "Look for a firewall or proxy that inspects TLS, and update it. Until then leave Postfix's "
        "tls_eecdh_auto_curves as it is; for other programs " + _SMALL_HELLO + ".",
        "https://tldr.fail/",
        kinds=("large_hello_avoided",),
    ),
    Cause(
        "path_lossy",
        "The TLS handshake got no answer in time, and packets of any size are lost on the way: the path is lossy; "
        "whether it also drops large packets (MTU) cannot be told.",
        "Look for loss on the way to {endpoint} (mtr on TCP port 443, the interface's error counters, a saturated "
        "link or NAT gateway), and check again when it is gone.",
        _TROUBLE,
        kinds=("path_lossy",),
    ),
    Cause(
        "server_slow",
        "The TLS handshake got no answer in time, not with small packets either: the server, or a proxy in its place, "
        "is slow or silent.",
        "Try again and with a longer timeout; if it stays, look for a proxy or firewall that takes the connection in "
        "place of SES.",
        _TROUBLE,
        kinds=("tls_slow",),
    ),
    Cause(
        "tls_timeout",
        "The TLS handshake got no answer in time, but another one right after it did: a short disturbance of the path "
        "or the server, not its MTU.",
        "Check again; if it comes back, look for loss on the way and for addresses of {endpoint} that do not work.",
        _TROUBLE,
        kinds=("tls_transient",),
    ),
    Cause(
        "tls_timeout",
        "The TLS handshake got no answer in time; whether the server is slow or the path drops large packets (MTU) "
        "could not be told.",
        "Run smtp_check with a timeout of 10 seconds or more to find out which; if large packets are dropped, set the "
        "MTU of the host's network interface to 1500 or to what the path carries (role mailops.ses.network with "
        "ses_mtu).",
        _MTU,
        kinds=("timeout",),
        stages=("tls",),
        queue=r"SSL_connect error.*: Connection timed out",
        holds=True,
    ),
    Cause(
        "tls_failed",
        "The TLS handshake failed ({said}).",
        "Look for a proxy or firewall that interferes with TLS on the mail ports, and try another of the ports.",
        _CONNECT,
        kinds=("tls_failed",),
        queue=r"Cannot start TLS|SSL_connect error|TLS handshake failed",
        holds=True,
    ),
    # Credentials and account.
    Cause(
        "auth_not_offered",
        "The server offers neither AUTH PLAIN nor AUTH LOGIN after TLS, which SES always does: this is not SES, or "
        "a proxy.",
        "Check the endpoint's name, and that no mail proxy stands between the host and SES.",
        _RFC + "4954",
        kinds=("no_auth",),
        holds=True,
    ),
    Cause(
        "sasl_mechanisms_missing",
        "The MTA could not log in: the host's SASL library has no mechanism in common with the server, and SES offers "
        "PLAIN and LOGIN.",
        "Install the package with these mechanisms (libsasl2-modules on Debian, cyrus-sasl-plain on RHEL), "
        "and let the MTA use them (Postfix: smtp_sasl_mechanism_filter, Sendmail: confAUTH_MECHANISMS).",
        _CREDENTIALS,
        kinds=("queue",),
        queue=r"no mechanism available|no worthy mechs found",
        holds=True,
    ),
    Cause(
        "login_deferred",
        "Sendmail could not log in: SES refused the user name and password or answered with a temporary failure, the "
        "table of credentials has no row for the endpoint, or the host's SASL library lacks LOGIN. The queue does not "
        "say which.",
        "Run the check (mailops.ses.check, smtp_check), which logs in without that table and that library. If it "
        "cannot, it names the cause. If it can, run the role again, which writes the row and installs the package "
        "with LOGIN (libsasl2-modules on Debian, cyrus-sasl-plain on RHEL).",
        _CREDENTIALS,
        kinds=("queue",),
        queue=r"Temporary AUTH failure",
        holds=True,
    ),
    Cause(
        "reason_of_another_mail",
        "Sendmail notes no reason: it did not try this mail again, since another one of the same queue run had just "
        "failed on the way to the same server.",
        "See the reasons of the other mails in the queue, of which one is this mail's too.",
        _TROUBLE,
        kinds=("queue",),
        queue=r"^Deferred$",
    ),
    Cause(
        "account_not_subscribed",
        "The AWS account is not signed up for SES in this region.",
        "Open SES in the AWS console for this region once and finish its set-up, or use the region where the "
        "account sends.",
        _TROUBLE,
        says=rf"535{_X}Account not subscribed",
        holds=True,
    ),
    Cause(
        "password_of_another_region",
        "The SMTP password is the one for region {password_region}, and this is {region}: SES's SMTP passwords are "
        "derived for one region each.",
        "Derive the password for {region} from the same secret access key (filter mailops.ses.smtp_password), or send "
        "through {password_region}.",
        _CREDENTIALS,
        says=r"535[ -]",
        needs=("password_region",),
        holds=True,
    ),
    Cause(
        "password_of_another_key",
        "The SMTP password does not come from this secret access key, whatever the region: one of the two is of "
        "another key or mistyped.",
        "Leave the password out, so that it is derived from the secret access key, or create new SMTP credentials.",
        _CREDENTIALS,
        says=r"535[ -]",
        needs=("password_of_another_key",),
        holds=True,
    ),
    Cause(
        "credentials_invalid",
        "SES does not accept the SMTP user name and password. The password is the one that this secret access key "
        "gives for region {derived_for}; whether {endpoint} is of that region is not known.",
        "Give the endpoint's region too (ses_region, or region of smtp_check). If it is not {derived_for}, derive the "
        "password for it with the filter mailops.ses.smtp_password. If it is, the key is deleted, inactive or only "
        "seconds old, or is not the user name's: see in IAM, or create new SMTP credentials.",
        _CREDENTIALS,
        says=r"535[ -]",
        needs=("region_unknown",),
        holds=True,
    ),
    Cause(
        "credentials_invalid",
        "SES does not accept the SMTP user name and password: AWS keys used as they are, a password derived for "
        "another region, a deleted key, or a typo.",
        "Create SMTP credentials in the SES console of this region, or derive the password for it with the filter "
        "mailops.ses.smtp_password; a key that is only seconds old needs a moment.",
        _CREDENTIALS,
        says=r"535[ -]",
        holds=True,
    ),
    Cause(
        "starttls_required",
        "The server got a command in clear that it takes only over TLS.",
        "Turn TLS on: STARTTLS on ports 587, 2587 and 25, TLS wrapper on 465 and 2465.",
        _CONNECT,
        says=rf"530{_X}Must issue a STARTTLS",
        holds=True,
    ),
    Cause(
        "hostname_mismatch",
        "The MTA did not authenticate: it goes by the canonical name {mismatch}, and has its credentials under another "
        "name.",
        "Keep the MTA from expanding the endpoint's name (Postfix: `smtp_cname_overrides_servername = "
        "no`; Sendmail: confDONT_EXPAND_CNAMES), and add the rows: for Postfix in /etc/postfix/sasl_passwd `{mismatch} "
        "USERNAME:PASSWORD`; for Sendmail in /etc/mail/authinfo `AuthInfo:{mismatch} "
        '"U:root" "I:USERNAME" "P:PASSWORD" "M:LOGIN"` and in /etc/mail/access `Connect:{mismatch} RELAY`. The roles '
        "write them (ses_hostname_fix), the credentials into tables of their own: ses_sasl_passwd and ses_authinfo.",
        _TROUBLE,
        says=r"530[ -]",
        needs=("mismatch",),
        holds=True,
    ),
    Cause(
        "authentication_required",
        "The client did not authenticate: no credentials were given, or the MTA found none for the server's name.",
        "Give user name and password; in an MTA add credential rows for the endpoint and for its canonical name "
        "(ses_hostname_fix).",
        _TROUBLE,
        says=r"530[ -]",
        holds=True,
    ),
    Cause(
        "iam_access_denied",
        "IAM does not allow the user {user} to send: it lacks {action}.",
        "Attach a policy that allows ses:SendRawEmail (on this identity, from this address) to the IAM user of the "
        "credentials.",
        _SES + "control-user-access.html",
        says=rf"554{_X}Access denied: User [`']?(?P<user>[^\s`']+)[`']? is not authorized to perform "
        r"[`']?(?P<action>[^\s`']+)",
        holds=True,
    ),
    Cause(
        "iam_access_denied",
        "IAM or the account's state does not allow this user to send: {said}",
        "Attach a policy that allows ses:SendRawEmail to the IAM user of the credentials. If it has one, see in the "
        "SES console of this region whether the account's sending is paused, and resume it; where AWS paused it, "
        "answer AWS's case about it.",
        _SES + "control-user-access.html",
        says=rf"554{_X}Access denied",
        holds=True,
    ),
    Cause(
        "tenant_paused",
        "Sending is paused for the SES tenant that the message names (header X-SES-TENANT): {said}",
        "See the tenant's status in the SES console of this region, correct what its findings name, and resume it; or "
        "let the program name another tenant.",
        _SES + "tenants.html",
        says=rf"554{_X}.*(?:[Tt]enant.* (?:paused|suspended|disabled|DISABLED)|paused for tenant)",
    ),
    Cause(
        "configuration_set_missing",
        "SES has no configuration set in this region with the name that the mail carries: {said}",
        "Create the configuration set in this region, or correct its name: the roles put ses_configuration_set into "
        "every mail (header X-SES-CONFIGURATION-SET). So all mail is refused until then.",
        _SES + "using-configuration-sets-in-email.html",
        says=rf"554{_X}.*[Cc]onfiguration [Ss]et.* (?:does not exist|not found)",
    ),
    Cause(
        "recipient_suppressed",
        "The recipient is on a suppression list, SES's or the account's, because mail to it bounced or was complained "
        "about: {said}",
        "If the address takes mail again, take it off the account's suppression list in the SES console of this "
        "region; otherwise send no more to it.",
        _SES + "sending-email-suppression-list.html",
        says=rf"5\d\d{_X}.*(?:[Aa]ddress (?:is )?blacklisted|suppression list)",
    ),
    Cause(
        "sending_paused",
        "Sending is paused for the AWS account in this region, by AWS or by the account itself: SES refuses every "
        "message for good, so an MTA returns it to its sender.",
        "See the account's status in the SES console of this region. Where AWS paused it, correct what AWS's e-mail to "
        "the account's address names, and answer its case; where the account itself did, resume it (`aws sesv2 "
        "put-account-sending-attributes --sending-enabled`). Then send again what came back.",
        _SES + "troubleshoot-error-messages.html",
        # AWS's page calls the case "Account is paused"; the other words are those that public logs of clients show.
        says=rf"554{_X}(?:Message rejected: Sending (?:paused|suspended)|(?:Message rejected: )?Account is paused)",
        holds=True,
    ),
    Cause(
        "sandbox_recipient",
        "The account is in the SES sandbox in region {region}, and these recipients are not verified there: "
        "{identities}.",
        "Ask AWS for production access in region {region}, verify the recipient's address or domain there, or test "
        "with success@simulator.amazonses.com.",
        _SES + "request-production-access.html",
        says=r"554.*identities failed the check in region (?P<region>[A-Za-z0-9-]+): (?P<identities>.+)",
        needs=("sandboxed",),
    ),
    Cause(
        "identity_not_verified",
        "These identities are not verified in region {region}: {identities}. SES checks From, Sender and "
        "Return-Path, and in the sandbox the recipient too.",
        "Verify the address or its domain in the SES console of region {region}, rewrite the sender into a verified "
        "domain (ses_masquerade_domain or ses_sender), or leave the sandbox.",
        _IDENTITIES,
        says=r"554.*identities failed the check in region (?P<region>[A-Za-z0-9-]+): (?P<identities>.+)",
    ),
    Cause(
        "identity_not_verified",
        "The sender, or in the sandbox the recipient, is not a verified identity in this region.",
        "Verify the address or its domain in the SES console of this region, rewrite the sender into a verified "
        "domain (ses_masquerade_domain or ses_sender), or leave the sandbox.",
        _IDENTITIES,
        says=rf"554{_X}Message rejected: Email address is not verified",
    ),
    Cause(
        "mail_from_domain_not_verified",
        "The custom MAIL FROM domain is not verified: {said}",
        "Publish the MX and SPF records that SES names for the MAIL FROM domain, or let SES fall back to its own.",
        _SES + "mail-from.html",
        says=rf"554{_X}MAIL FROM domain not verified",
    ),
    # Quotas and limits.
    Cause(
        "rate_exceeded",
        "The account's sending rate (messages per second) is exceeded.",
        "Send slower (ses_max_rate), let the MTA retry, or ask AWS for a higher rate.",
        _QUOTAS,
        says=rf"454{_X}Throttling failure: Maximum sending rate",
    ),
    Cause(
        "daily_quota_exceeded",
        "The account's quota of messages in 24 hours is used up.",
        "Wait until the quota has room again, and ask AWS for a higher one; in the sandbox it is 200 a day.",
        _QUOTAS,
        says=rf"454{_X}Throttling failure: Daily message quota",
        holds=True,
    ),
    Cause(
        "throttled",
        "SES throttles the account: {said}",
        "Send slower and let the MTA retry with growing pauses.",
        _QUOTAS,
        says=rf"454{_X}Throttling failure",
    ),
    Cause(
        "too_many_connections",
        "Too many connections to SES are open at the same time.",
        "Lower the number of concurrent connections (ses_max_connections) of all hosts that share the account, and "
        "retry later.",
        _TROUBLE,
        says=rf"421{_X}Too many concurrent",
    ),
    Cause(
        "message_cap_reached",
        "SES ended the session because it carried its maximum number of messages.",
        "Recycle connections earlier: lower ses_connection_max_messages. The message itself is retried by the MTA.",
        _TROUBLE,
        says=rf"421{_X}.*Maximum message count",
    ),
    Cause(
        "idle_timeout",
        "SES waited about 10 seconds for the client and gave up; with a large message it can also be a path that "
        "drops large packets (MTU).",
        "Close idle connections before 10 seconds (Postfix: smtp_connection_cache_time_limit, Sendmail: "
        "confMCI_CACHE_TIMEOUT; the roles set 5 seconds). If it happens with large messages only, set the MTU to 1500 "
        "or to what the path carries (role mailops.ses.network with ses_mtu).",
        _TROUBLE,
        says=rf"451{_X}Timeout waiting for data",
    ),
    Cause(
        "temporary_authentication_failure",
        "SES could not check the credentials just now.",
        "Retry after 5, 10 and 30 seconds, then after 20 minutes.",
        _TROUBLE,
        says=rf"454{_X}Temporary authentication failure",
    ),
    Cause(
        "temporary_service_failure",
        "SES has a temporary failure of its own.",
        "Retry after 5, 10 and 30 seconds, then after 20 minutes; look at the AWS Health Dashboard if it stays.",
        _TROUBLE,
        says=rf"45[14]{_X}Temporary service failure",
    ),
    Cause(
        "server_closing",
        "The server closes the connection: {said}",
        "Retry later on a new connection.",
        _TROUBLE,
        says=r"421[ -]",
    ),
    # Addresses and messages.
    Cause(
        "message_too_long",
        "The message is larger than SES takes (40 MB, counted after encoding).",
        "Send a smaller message, or a link in place of the attachment.",
        _SES + "quotas.html",
        says=r"552[ -]",
    ),
    Cause(
        "too_many_recipients",
        "The message has more recipients than SES takes at a time (50).",
        "Let the MTA split it (Postfix: smtp_destination_recipient_limit, Sendmail: the mailer's r=; the roles set "
        "50), or send to fewer at a time.",
        _SES + "quotas.html",
        says=rf"5\d\d{_X}.*Recipient count exceeds",
    ),
    Cause(
        "message_malformed",
        "SES does not take the message as it is written: {said}",
        "Correct the message where it is made. Headers such as From, To, Subject and Date may stand once; each address "
        "in them needs a user and a domain (user@domain).",
        _SES + "header-fields.html",
        says=rf"554{_X}(?:Transaction failed|Duplicate header|Missing final '@domain'|User name is missing)",
    ),
    Cause(
        "smtputf8_required",
        "The message needs SMTPUTF8 (characters outside ASCII in an address or a header), which SES does not have.",
        "For headers let Postfix not ask for it (`smtputf8_enable = no`; the role sets it), or have the program "
        "encode them (RFC 2047). An address needs an ASCII form (xn--… for its domain).",
        _RFC + "6531",
        says=r"5\d\d[ -]5\.6\.7",
        queue=r"SMTPUTF8 (?:is|was) required|[Ss]ervice (?:does not|doesn't) support SMTPUTF8|5\.6\.7",
        kinds=("reply", "queue"),
    ),
    Cause(
        "requiretls_required",
        "The message asks for REQUIRETLS (header Require-TLS-ESMTP), which SES does not have, so Postfix returns it.",
        "Let the program leave that header out, or let Postfix pass such mail over verified TLS all the same "
        "(`smtp_requiretls_policy = opportunistic`, Postfix 3.11 and newer).",
        _RFC + "8689",
        says=r"5\d\d[ -]5\.7\.30",
        queue=r"REQUIRETLS|5\.7\.30",
        kinds=("reply", "queue"),
    ),
    Cause(
        "sender_invalid",
        "SES does not take the envelope sender: {said}",
        "Use a full address in a verified domain. SES takes no null sender, so bounces must stay on the host: the "
        "roles give them to ses_bounce_recipient.",
        _TROUBLE,
        says=rf"501{_X}Invalid MAIL FROM|553{_X}<?[^ ]*>? ?Invalid email address",
    ),
    Cause(
        "sender_invalid",
        "The server does not take the envelope sender: {said}",
        "Use a full address in a verified domain.",
        _TROUBLE,
        stages=("sender",),
        says=r"5(?:01|53)[ -]",
    ),
    Cause(
        "recipient_invalid",
        "SES does not take the recipient's address: {said}",
        "Correct the recipient's address; SES takes ASCII addresses of the form local-part@domain.",
        _TROUBLE,
        says=rf"553{_X}.*address unknown",
    ),
    Cause(
        "recipient_invalid",
        "The server does not take the recipient's address: {said}",
        "Correct the recipient's address.",
        _TROUBLE,
        stages=("recipient",),
        says=r"5(?:01|53)[ -]",
    ),
    # Connections that break, and what is no SMTP server.
    Cause(
        "connection_lost",
        "The connection was lost during the dialogue, as happens when the load balancer replaces an instance.",
        "Retry on a new connection, and recycle connections (ses_connection_max_messages, "
        "ses_connection_max_seconds); if it happens at once and always, look for a proxy or firewall that resets it.",
        _TROUBLE,
        kinds=("closed",),
        queue=r"lost connection with|Connection reset by|Broken pipe|Connection to \S+ reset",
        holds=True,
    ),
    Cause(
        "reply_lost",
        "The server's reply did not come: the connection was lost, the server fell silent, or what answers is no SMTP "
        "server. Sendmail does not say which.",
        "Run the check (mailops.ses.check, smtp_check) on this host, which names the stage and the failure; if it "
        "works there, recycle connections earlier (ses_connection_max_messages, ses_connection_max_seconds).",
        _TROUBLE,
        kinds=("queue",),
        queue=r"read error from ",
        holds=True,
    ),
    Cause(
        "not_smtp",
        "What answers as {endpoint} is no SMTP server ({said}).",
        "Check the endpoint and the port; a proxy or a captive portal may answer in place of SES.",
        _RFC + "5321",
        kinds=("garbage", "flood"),
        queue=r"Protocol error|Non-SMTP response|bad greeting",
        holds=True,
    ),
    Cause(
        "reply_unfinished",
        "The server began a reply and did not finish it in time.",
        "Try again and with a longer timeout; if it stays, this is no SES endpoint or a proxy holds the connection.",
        _RFC + "5321",
        kinds=("unfinished",),
    ),
    Cause(
        "message_unanswered",
        "{endpoint} took the commands and went silent while the message was sent: with large messages only, this is "
        "what a path that drops large packets (MTU) looks like.",
        "Run the check (mailops.ses.check, smtp_check) on this host, which measures the path; otherwise let the MTA "
        "retry.",
        _MTU,
        kinds=("queue",),
        queue=r"timed out while sending (?:message body|end of data)",
    ),
    Cause(
        "server_silent",
        "{endpoint} accepts the connection and then does not answer in time.",
        "Try again and with a longer timeout; if it stays, a proxy or firewall accepts in place of SES and cannot "
        "reach it.",
        _TROUBLE,
        kinds=("timeout", "silent"),
        queue=r"conversation with \S+ timed out|timed out while receiving|Timeout .*waiting for input",
        holds=True,
    ),
    # What a report says of a host besides.
    Cause(
        "host_unreachable",
        "Ansible reached the host, and did not become root there: {said}",
        "Where the host's sudo is sudo-rs, as on Ubuntu 25.10 and newer, ansible-core before 2.22 does not see that it "
        "asks for a password: set ansible_become_exe to sudo.ws, which is the former sudo, let the user become root "
        "without a password, or use ansible-core 2.22. On other hosts, see that the user may become root.",
        _ANSIBLE + "playbook_guide/playbooks_privilege_escalation.html",
        kinds=("host_unreachable",),
        needs=("no_prompt",),
    ),
    Cause(
        "host_unreachable",
        "Ansible could not reach the host: {said}",
        "See that the host runs and that `ansible -i INVENTORY HOST -m ansible.builtin.ping` reaches it, "
        "then check again.",
        _ANSIBLE + "inventory_guide/connection_details.html",
        kinds=("host_unreachable",),
    ),
    Cause(
        "module_failed",
        "The check could not run on the host: {said}",
        "Mostly the host's Python is missing, broken, or too old or too new for this ansible-core: repair it, or name "
        "another one in ansible_python_interpreter. As soon as `ansible HOST -m ansible.builtin.setup` works, check "
        "again.",
        _ANSIBLE + "reference_appendices/interpreter_discovery.html",
        kinds=("module_failed",),
    ),
    Cause(
        "not_checked",
        "The check gave no result: {said}",
        "Correct what the message names, then check again.",
        _ANSIBLE + "playbook_guide/playbooks_variables.html",
        kinds=("not_checked",),
    ),
    Cause(
        "not_logged_in",
        "The host reaches {endpoint}, and the check did not log in, because it was given no credentials: whether the "
        "host can send is not known.",
        "Give the check ses_smtp_username and ses_smtp_password (or ses_secret_access_key), and check again.",
        _CREDENTIALS,
        kinds=("not_logged_in",),
    ),
    Cause(
        "can_log_in",
        "The host logs in to {endpoint}; that its mail goes there is not proven: {said}.",
        "Run the check with --become, which can read the MTA's log-ins. If the host has no relay yet, run the playbook "
        "mailops.ses.relay. If programs talk to SES themselves, nothing is to do.",
        _SES + "send-email-smtp-existing-server.html",
        kinds=("can_log_in",),
    ),
    Cause(
        "only_accepted",
        "{endpoint} is an ingress endpoint of Mail Manager, not SES's SMTP interface for sending: it answers 250 to "
        "mail that its rules may drop or keep, so an accepted mail says nothing of one that is sent.",
        "To send, use SES's SMTP endpoint of the region (ses_region) with SMTP credentials, whose user name begins "
        "AKIA. Where Mail Manager is meant, see in its rule set that a rule sends the mail on, and follow a mail.",
        _MAIL_MANAGER,
        kinds=("only_accepted",),
    ),
    Cause(
        "fallback_fails",
        "The further way through {endpoint} (ses_fallback) cannot be used: {said}",
        "Mend it before it is needed: correct the entry of ses_fallback, or what lies on the way. Then run the "
        "playbook mailops.ses.relay, which proves each way before anything changes.",
        _CONNECT,
        kinds=("fallback_fails",),
    ),
    Cause(
        "fallback_identities",
        "Mail may leave through {endpoint} too (ses_fallback), and SES knows verified senders, configuration sets, "
        "quotas and the sandbox in each region apart. A log-in does not show them.",
        "Verify the senders' domains in the region of each way, and create the configuration set there. If not, SES "
        "answers 554 to mail that takes that way, and it bounces.",
        _IDENTITIES,
        kinds=("fallback_identities",),
    ),
    Cause(
        "hosts_file",
        "The address of {endpoint} comes from a line in /etc/hosts ({said}): SES's addresses change, and a line does "
        "not follow them. Postfix may ask DNS alone and find no address, or another one.",
        "Take the line out, and let the host's DNS answer. Where it leads to a private link or a tunnel on purpose, "
        "have DNS answer with that address.",
        _CONNECT,
        kinds=("hosts_file",),
    ),
    Cause(
        "queue_unreadable",
        "The mail queue could not be read: {said}",
        "See that the user Ansible logs in as may read the queue (become: true), and that the MTA answers its own "
        "queue command (mailq).",
        _ANSIBLE + "playbook_guide/playbooks_privilege_escalation.html",
        kinds=("queue_unreadable",),
    ),
    Cause(
        "no_mta",
        "Neither Postfix nor Sendmail is installed on the host, so there is no queue to look into.",
        "Nothing, where programs talk to SES themselves; the playbook mailops.ses.relay gives the host a relay with a "
        "queue.",
        _SES + "send-email-smtp-existing-server.html",
        kinds=("no_mta",),
    ),
    # What a mail that was sent to prove the way (mail_probe) shows besides.
    Cause(
        "local_mta_down",
        "The MTA does not run: what users hand over waits until it is started.",
        "Start it (`systemctl status` of its unit tells why it is down). The mail leaves then.",
        _RFC + "5321",
        kinds=("mta_stopped",),
    ),
    Cause(
        "mail_held",
        "The mail is on hold in the queue ({said}): nobody tries to deliver it.",
        "See what holds mail (HOLD in Postfix's access and header tables, defer_transports, a milter, Sendmail's "
        "quarantine), then release it: `postsuper -H QUEUE-ID`, or `sendmail -qQ -Q -qIQUEUE-ID`.",
        "https://www.postfix.org/access.5.html",
        kinds=("mail_held",),
        queue=r"deferred transport$",
    ),
    Cause(
        "mail_not_tried",
        "The mail is in the queue (state {said}), and the MTA has not tried to deliver it in this time.",
        "See that the queue is run (queue_run_delay of Postfix; QUEUE_INTERVAL, or a daemon with -q, of Sendmail), "
        "that the MTA is not busy with other mail, and look again: the mail is still there.",
        "https://www.postfix.org/QSHAPE_README.html",
        kinds=("mail_not_tried",),
    ),
    Cause(
        "mail_log_unreadable",
        "The mail is not in the queue, and the log that would have the server's reply cannot be read: {said}",
        "Run the task as root (become: true), and see that the MTA logs to the journal, to one of the usual files "
        "below /var/log, or to Postfix's maillog_file.",
        _ANSIBLE + "playbook_guide/playbooks_privilege_escalation.html",
        kinds=("mail_log_unreadable",),
    ),
    Cause(
        "delivered_locally",
        "The host kept the mail, by its delivery agent {said}, and handed nothing to SES.",
        "Give an address outside as recipient. If it is one, see which setting makes its domain the host's own "
        "(mydestination, virtual domains and transport_maps of Postfix; class w and mailertable of Sendmail).",
        "https://www.postfix.org/ADDRESS_CLASS_README.html",
        kinds=("delivered_locally",),
    ),
    Cause(
        "delivered_elsewhere",
        "A server took the mail without the reply that SES gives, so SES does not have it: {said}",
        "See which setting leads this recipient's or this sender's mail there (transport_maps, relayhost and "
        "content_filter of Postfix; mailertable and SMART_HOST of Sendmail).",
        "https://www.postfix.org/transport.5.html",
        kinds=("delivered_elsewhere",),
    ),
    Cause(
        "submission_refused",
        "The host's own MTA does not take the mail: {said}",
        "Correct what its words name; the MTA's log may have more of them.",
        _RFC + "5321",
        kinds=("submission_refused",),
    ),
    # The rest.
    Cause(
        "refused_temporarily",
        "The server refuses for now: {said}",
        "Retry after 5, 10 and 30 seconds, then after 20 minutes.",
        _TROUBLE,
        says=r"4\d\d[ -]",
    ),
    Cause(
        "refused_permanently",
        "The server refuses: {said}",
        "Correct what its reply names; a retry of the same will get the same answer.",
        _TROUBLE,
        says=r"5\d\d[ -]",
    ),
    Cause(
        "unknown",
        "The dialogue failed in a way that has no row in the table of causes ({said}).",
        "Run the check again; if it stays, try the same steps by hand with openssl s_client, and report the output, "
        "without secrets, at the collection's issue tracker.",
        _TROUBLE,
        kinds=(),
    ),
)
