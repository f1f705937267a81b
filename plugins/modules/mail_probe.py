#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Send one mail and follow it to SES's reply."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_probe
short_description: Send one mail as a user does, and follow it to the reply of SES
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - Hands one mail to C(/usr/sbin/sendmail -t), and follows it through the MTA's log and queue until a server has
    answered.
  - A mail is delivered only when a log has the reply to its data by which SES took it, with SES's message ID.
    A mail that was queued, that left the queue unseen, that the host kept or that another server took is not.
  - Otherwise it tells where the mail is, and why, with the diagnosis (cause, remedy, source) that
    M(mailops.ses.smtp_check) gives to the same failure. It does not fail then; look at RV(delivered).
  - The log is the journal, C(/var/log/mail.log), C(/var/log/maillog) and the like, or Postfix's C(maillog_file).
  - A mail that waits is left in the queue.
notes:
  - A mail is a message of the account's quota. SES's mailbox simulator takes C(success@simulator.amazonses.com), also
    in the sandbox, without harm to the account's reputation.
  - With O(recipient) an address of your own the mail can be seen to arrive. SES's reply tells that SES has it.
  - Where the host keeps metrics (C(ses_metrics_dir) of the roles), it notes when a mail was delivered.
requirements:
  - Python 3.9 or newer on the managed host
  - Root on the managed host (C(become=true)), which may read the log and the queue
options:
  recipient:
    description:
      - Who gets the mail, a bare address outside the host, in ASCII.
    type: str
    required: true
  sender:
    description:
      - Its sender, in the envelope and in the header, a bare address in ASCII.
      - By default the mail has the sender that the MTA gives to the user who runs the module, so root's.
    type: str
  timeout:
    description:
      - Seconds after which it is told where the mail is, from 1 to 600.
      - A mail that is delivered or refused, or whose first delivery failed, is told at once.
    type: float
    default: 60
  endpoint:
    description:
      - The SES endpoint that the MTA relays to, for the diagnosis. By default the server that answered.
    type: str
  mta:
    description:
      - Which MTA the host has.
      - By default the installed one; of two, the one to which C(/usr/sbin/sendmail) belongs.
    type: str
    choices: [postfix, sendmail]
  option_names:
    description:
      - What messages call the options, where a role has given them other names, such as C(recipient) and
        C(ses_probe_recipient).
    type: dict
    default: {}
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  check_mode:
    details:
      - It sends nothing, and returns RV(state=skipped).
  diff_mode:
    support: none
    details:
      - It changes nothing of the host's configuration.
  idempotent:
    details:
      - It sends a mail each time, and reports no change, since the host stays as it was.
  platform:
    platforms: posix
seealso:
  - module: mailops.ses.smtp_check
  - module: mailops.ses.mail_queue_info
"""

EXAMPLES = r"""
- name: Send a mail to SES's mailbox simulator
  mailops.ses.mail_probe:
    recipient: success@simulator.amazonses.com
  become: true
  register: probe

- name: Fail when SES does not have it
  ansible.builtin.assert:
    that: probe.delivered or probe.state == 'skipped'
    fail_msg: "{{ probe.msg }}"

- name: See whether SES takes mail of an application's sender
  mailops.ses.mail_probe:
    recipient: success@simulator.amazonses.com
    sender: app@example.com
    timeout: 30
  become: true
"""

RETURN = r"""
delivered:
  description: Whether SES has the mail, proven by its reply.
  returned: success
  type: bool
  sample: true
state:
  description:
    - V(delivered) when SES has it; V(waits) in the host's queue; V(bounced) when it goes back to its sender;
      V(refused) by the host's own MTA when it was handed over; V(local) when the host kept it; V(elsewhere) when a
      server took it that does not answer as SES does.
    - V(unknown) when it has left the queue and no log has the reply, or when neither can be read.
    - V(no_mta) and V(skipped) (check mode) when no mail was sent.
  returned: success
  type: str
  sample: delivered
message_id:
  description: SES's ID of the mail.
  returned: success
  type: str
  sample: 0107017033dbb64d-be13a01e-dbf1-44b7-b876-3622165dacc1-000000
mta:
  description: The host's MTA.
  returned: success
  type: str
  sample: postfix
queue_ids:
  description: The MTA's names for the mail, in the order in which it had them. A filter gives it another.
  returned: success
  type: list
  elements: str
  sample: [702671C0002]
queue:
  description:
    - The state of the mail in the queue, as RV(mailops.ses.mail_queue_info#module:states) has it.
    - Null when it was not found there.
  returned: success
  type: str
  sample: hold
mailer:
  description: By which way it left, Sendmail's mailer, or the delivery agent of Postfix after the name of its service.
  returned: success
  type: str
  sample: ses-relay/smtp
relay:
  description: The server that answered.
  returned: success
  type: dict
  contains:
    host:
      description: Its name.
      type: str
      sample: email-smtp.us-east-1.amazonaws.com
    address:
      description: Its address.
      type: str
      sample: 192.0.2.10
    port:
      description: Its port; null when it is not known.
      type: int
      sample: 587
sender:
  description:
    - The envelope's sender after rewriting. What Postfix's C(smtp_generic_maps) make of it is not told.
  returned: success
  type: str
  sample: root@example.com
recipient:
  description: O(recipient).
  returned: success
  type: str
  sample: success@simulator.amazonses.com
seconds:
  description: Seconds from handing the mail over until this was known.
  returned: success
  type: float
  sample: 0.7
reply:
  description: The server's reply or the MTA's reason, as the MTA words it.
  returned: success
  type: str
  sample: 250 Ok 0107017033dbb64d-be13a01e-dbf1-44b7-b876-3622165dacc1-000000
diagnosis:
  description: Why the mail is not delivered; empty when it is.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: A short name for the cause, which stays the same in later versions.
      type: str
      sample: rate_exceeded
    cause:
      description: The cause in a sentence.
      type: str
      sample: The account's sending rate (messages per second) is exceeded.
    remedy:
      description: What to do about it.
      type: str
      sample: Send slower, with fewer connections (ses_max_connections), or ask AWS for a higher rate.
    source:
      description: Where to read more.
      type: str
      sample: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
msg:
  description: All of this in a sentence or two.
  returned: always
  type: str
  sample: >-
    The mail to success@simulator.amazonses.com is delivered: email-smtp.us-east-1.amazonaws.com, port 587 took it from
    root@example.com by ses-relay/smtp as 0107017033dbb64d-be13a01e-dbf1-44b7-b876-3622165dacc1-000000.
"""

import time
from contextlib import suppress

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import installed_mta
from ansible_collections.mailops.ses.plugins.module_utils._metrics import proofs
from ansible_collections.mailops.ses.plugins.module_utils._probe.mail import ARGUMENTS
from ansible_collections.mailops.ses.plugins.module_utils._probe.send import outcome


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    found = outcome(module.params, lambda: installed_mta(module.run_command), module.check_mode)
    if "failed" in found:
        module.fail_json(**found)
    if found["delivered"] and proofs.kept():
        with suppress(OSError):  # of a user who is not root
            proofs.record("mail", time.time())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
