#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Can this host send through SES, and if not, why not."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_check
short_description: Check from the managed host that mail can be sent through Amazon SES, and say why not
version_added: 0.1.0
author:
  - mailops maintainers (@mailops)
description:
  - Speaks with an Amazon SES SMTP endpoint from the managed host, on all its ports at the same time,
    as far as its options ask for, and reports each stage with its time.
  - When a port does not take the whole dialogue, the report names the cause, a remedy and a source.
  - The server's certificate is verified against the CA file and the endpoint's name.
    Credentials are sent only over TLS 1.2 or newer that has been verified.
    When verification fails, a second connection fetches the certificate for the report, and nothing is sent over it.
  - When a TLS handshake hangs, further ones, of which nothing secret is part, tell whether the path drops large packets
    (path MTU) and at which size they pass, or the server is slow, or the path is lossy. After a handshake that passed,
    a large TLS greeting on one more connection tells whether large mail will hang. A check opens at most 42 connections
    beside those of its ports, usually one. Root is not needed for it.
  - OpenSSL 3.5 and newer begin TLS with a greeting that does not fit in one packet, which some devices reset or drop.
    When such a handshake is reset or hangs, one with a small greeting tells. Postfix's greeting is small, so with
    O(mta=postfix) the port is then checked with a small one.
  - When no port answers, the endpoint's other mail ports and an HTTPS port are connected to, and nothing is sent over
    those connections. That tells a blocked port from a firewall that drops all mail, and from a host without network.
  - Nothing but Python's standard library is needed on the managed host.
requirements:
  - Python 3.9 or newer on the managed host
options:
  region:
    description:
      - The AWS region, for example V(us-east-1). The endpoint is then C(email-smtp.REGION.amazonaws.com),
        in the European Sovereign Cloud C(email-smtp.REGION.amazonaws.eu).
      - Needed unless O(endpoint) is set. With an endpoint whose name does not tell the region,
        it is the region that O(secret_access_key) is derived for.
    type: str
  endpoint:
    description:
      - Another name than the region's usual one, such as a FIPS endpoint, a VPC endpoint or a test server.
      - It wins when O(region) is set too, and the region is then read from its name when the name tells it.
    type: str
  ports:
    description:
      - The ports to check. Others than these five are refused.
      - V(25), V(587) and V(2587) are spoken to with STARTTLS, V(465) and V(2465) with TLS from the first byte.
    type: list
    elements: int
    default: [587, 2587, 465, 2465, 25]
  username:
    description:
      - The SMTP user name. Without it the check ends after TLS, or goes on to the sender without AUTH.
      - Needs O(password) or O(secret_access_key).
    type: str
  password:
    description:
      - The SMTP password. It is not the secret access key, but derived from it.
      - It is what the check logs in with, also when O(secret_access_key) is set.
    type: str
  secret_access_key:
    description:
      - The IAM user's secret access key, from which the SMTP password for the region is derived on the managed host.
      - Beside O(password) it is only compared with it, so that the check can say for which region that one is right.
    type: str
  timeout:
    description:
      - The seconds that a port may take for its whole dialogue, name resolution included; from 0.5 to 600.
      - A handshake that hangs for a quarter of what is left (5 seconds at most) is looked into beside it. In less than
        about 3 seconds it cannot be told whether the path MTU is the cause.
    type: float
    default: 10
  ca_file:
    description:
      - A file of PEM certificates on the managed host, the trust anchors.
      - By default the first bundle that is found of those that the distributions keep.
    type: path
  mta:
    description:
      - The MTA that will send through the endpoint. Where Postfix and Sendmail differ in what they can use, a port is
        judged as this one does.
      - By default that of the installed MTA; of two, the one to which C(/usr/sbin/sendmail) belongs.
    type: str
    choices: [postfix, sendmail]
    version_added: 0.2.0
  sender:
    description:
      - The envelope sender to offer (C(MAIL FROM)).
    type: str
  recipient:
    description:
      - The envelope recipient to offer (C(RCPT TO)). Needs O(sender).
      - C(success@simulator.amazonses.com) takes probes from accounts in the sandbox too.
    type: str
  send:
    description:
      - Whether to send a small test message. SES checks identities and quotas only then.
      - One message is sent on each of O(ports); name one port to send one message.
      - In check mode the dialogue stops before C(DATA).
    type: bool
    default: false
  retries:
    description:
      - How often to try again while no port works; at most 100.
    type: int
    default: 0
  delay:
    description:
      - The seconds to wait before trying again; at most 600.
    type: float
    default: 5
  option_names:
    description:
      - What messages call the options, where a role has given them other names, such as C(region) and C(ses_region).
    type: dict
    default: {}
    version_added: 0.2.0
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  check_mode:
    details:
      - Nothing is changed unless O(send=true), which in check mode reports that it would send.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - With O(send=true) each run sends.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Which ports can this host reach
  mailops.ses.smtp_check:
    region: us-east-1

- name: Are the credentials right, and may they use the sender
  mailops.ses.smtp_check:
    region: us-east-1
    ports: [587]
    username: "{{ vault_ses_smtp_username }}"
    password: "{{ vault_ses_smtp_password }}"
    sender: web@example.com
    recipient: success@simulator.amazonses.com

- name: Send a test message through a VPC endpoint
  mailops.ses.smtp_check:
    endpoint: vpce-0123456789abcdef0-abcdefgh.email-smtp.eu-west-1.vpce.amazonaws.com
    ports: [465]
    username: "{{ vault_ses_smtp_username }}"
    secret_access_key: "{{ vault_ses_secret_access_key }}"
    sender: web@example.com
    recipient: success@simulator.amazonses.com
    send: true
"""

RETURN = r"""
reachable:
  description: Whether a port took the whole dialogue that was asked for. The module fails when none did.
  returned: unless an option is at fault
  type: bool
  sample: true
recommended_port:
  description: The first port that works, in the order 587, 2587, 465, 2465, 25; null when none does.
  returned: unless an option is at fault
  type: int
  sample: 587
endpoint:
  description: The name that was connected to.
  returned: unless an option is at fault
  type: str
  sample: email-smtp.us-east-1.amazonaws.com
canonical_name:
  description: The name that the endpoint's name leads to in DNS; null when it does not resolve.
  returned: unless an option is at fault
  type: str
  sample: ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com
addresses:
  description: The addresses that the name has now. They change often.
  returned: unless an option is at fault
  type: list
  elements: str
  sample: ["192.0.2.10", "192.0.2.11"]
ports:
  description: What came of each port, in the order of O(ports).
  returned: unless an option is at fault
  type: list
  elements: dict
  contains:
    port:
      description: The port.
      type: int
      sample: 587
    tls:
      description: How TLS begins on this port, V(starttls) or V(wrapper).
      type: str
      sample: starttls
    ok:
      description: Whether the port took the whole dialogue that was asked for.
      type: bool
      sample: true
    stage:
      description:
        - The last stage completed, of V(resolve), V(connect), V(banner), V(ehlo), V(tls), V(auth), V(sender),
          V(recipient) and V(data); null when the name did not resolve.
        - On TLS-wrapper ports V(tls) comes before V(banner).
      type: str
      sample: auth
    timings_ms:
      description:
        - The milliseconds that each stage took, the one that failed included.
          With STARTTLS, V(ehlo) is the time of both EHLOs, before and after TLS.
      type: dict
      sample: {"resolve": 2.1, "connect": 10.4, "banner": 10.9, "ehlo": 10.2, "tls": 43.5, "auth": 25.7}
    tls_version:
      description: The version of TLS; null without a verified session.
      type: str
      sample: TLSv1.3
    tls_cipher:
      description: The cipher; null without a verified session.
      type: str
      sample: TLS_AES_128_GCM_SHA256
    certificate:
      description: The server's certificate, also when it was not accepted; null when the server showed none.
      type: dict
      contains:
        subject:
          description: Its subject.
          type: str
          sample: CN=email-smtp.us-east-1.amazonaws.com
        names:
          description: The host names and addresses that it is for.
          type: list
          elements: str
          sample: ["email-smtp.us-east-1.amazonaws.com", "email-smtp-fips.us-east-1.amazonaws.com"]
        issuer:
          description: Who issued it.
          type: str
          sample: C=US, O=Amazon, CN=Amazon RSA 2048 M02
        not_after:
          description: Until when it is valid.
          type: str
          sample: "2026-12-31T23:59:59Z"
        verified:
          description: Whether it was verified against the CA file and the endpoint's name.
          type: bool
          sample: true
    auth_mechanisms:
      description: The mechanisms that the server offers for AUTH.
      type: list
      elements: str
      sample: ["PLAIN", "LOGIN"]
    path_mtu:
      description:
        - The path MTU in bytes. Where the path drops large packets without a word (a black hole), it is the size that
          was measured, within 4 bytes and at most V(1500); otherwise what the kernel assumes.
        - null when the kernel does not say.
      type: int
      sample: 1500
    reply:
      description: The server's last reply; null when it gave none.
      type: dict
      contains:
        code:
          description: Its code.
          type: int
          sample: 235
        text:
          description: Its text.
          type: str
          sample: Authentication successful.
    diagnosis:
      description:
        - Why the port did not take the dialogue.
        - When it did, it is empty or warns of what will fail later, such as large mail on a path that drops large
          packets, of what only other programs fail of, or of what makes mail slow, such as an address of the endpoint
          that does not answer.
      type: list
      elements: dict
      contains:
        id:
          description: A short name for the cause, which stays the same in later versions.
          type: str
          sample: port_25_swallowed
        cause:
          description: The cause in a sentence.
          type: str
          sample: "Connections to port 25 time out: cloud networks such as EC2 throttle or block port 25."
        remedy:
          description: What to do about it.
          type: str
          sample: Use port 587 or 465, which are not throttled.
        source:
          description: Where to read more.
          type: str
          sample: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
diagnosis:
  description:
    - The causes of all ports, each once, in the form of RV(ports[].diagnosis).
    - After them, warnings that hold for the endpoint whichever port is used. V(hosts_file) means that its address comes
      from a line in C(/etc/hosts). V(only_accepted) means that it is an ingress endpoint of Mail Manager, where an
      accepted mail is not a sent one. V(family_swallowed) and V(family_refused) mean that the endpoint has addresses by
      IPv4 and IPv6 and one of the two does not work; they say what the MTA does then.
  returned: unless an option is of the wrong type
  type: list
  elements: dict
  sample: []
"""

import socket

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.command import run
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import installed_mta
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import outcome
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net, of_this_host
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import ARGUMENTS, OptionError, request_of

NET = of_this_host(lambda: installed_mta(run))


def _date() -> str:
    from email.utils import formatdate  # noqa: PLC0415  (a check sends no message unless asked to, and need not load it)

    return formatdate()


def main(net: Net = NET) -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
    )
    try:
        date = _date() if module.params["send"] else ""
        request = request_of(module.params, socket.gethostname(), date, module.check_mode)
    except OptionError as fault:
        module.fail_json(**fault.outcome())
    if request.credentials:
        module.no_log_values.add(request.credentials.password)  # it may be a derived one, which no option holds
    report = outcome(request, net, module.params["retries"], module.params["delay"])
    if "failed" in report:
        module.fail_json(**report)
    module.exit_json(changed=module.params["send"], **report)


if __name__ == "__main__":
    main()
