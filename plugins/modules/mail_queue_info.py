#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What waits in the mail queue, and why."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_queue_info
short_description: Tell what waits in the queue of Postfix or Sendmail, and why
version_added: 0.1.0
author:
  - mailops maintainers (@mailops)
description:
  - Counts the queued messages by state, tells the age of the oldest, and groups the reasons for which they wait.
  - Each reason gets the diagnosis (cause, remedy, source) that M(mailops.ses.smtp_check) gives to the same failure.
  - It changes nothing, and takes no lock, so that deliveries go on. Messages may come and go while it reads.
  - A queue that cannot be read is an error, never an empty queue.
  - Tells the server to which the MTA's configuration leads mail for other domains.
requirements:
  - Python 3.9 or newer on the managed host
  - Root on the managed host for Sendmail's queue, for that of a stopped Postfix, and where Postfix's
    C(authorized_mailq_users) does not name the user
options:
  mta:
    description:
      - Whose queue to read.
      - By default that of the installed MTA; of two, the one to which C(/usr/sbin/sendmail) belongs.
      - With V(sendmail) a queue is read that is still there after Sendmail has been removed.
    type: str
    choices: [postfix, sendmail]
  endpoint:
    description:
      - The SES endpoint that the MTA relays to, for the diagnosis. By default the host that a reason names.
    type: str
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  diff_mode:
    support: none
    details:
      - It changes nothing.
  platform:
    platforms: posix
seealso:
  - module: mailops.ses.smtp_check
"""

EXAMPLES = r"""
- name: Look into the queue
  mailops.ses.mail_queue_info:
  become: true
  register: queue

- name: Fail when mail has waited for more than an hour
  ansible.builtin.assert:
    that: (queue.oldest_age_seconds or 0) < 3600
    fail_msg: "{{ queue.reasons | map(attribute='diagnosis.cause') | join(' ') }}"

- name: See whether Sendmail's old queue is drained, after Postfix has taken over
  mailops.ses.mail_queue_info:
    mta: sendmail
  become: true
"""

RETURN = r"""
mta:
  description: Whose queue this is, V(postfix) or V(sendmail); null when neither is installed.
  returned: success
  type: str
  sample: postfix
messages:
  description: How many messages are queued.
  returned: success
  type: int
  sample: 12
states:
  description:
    - How many messages are in which state.
    - With Postfix the names of its queues, V(maildrop), V(incoming), V(active), V(deferred) and V(hold).
    - With Sendmail V(incoming) (not tried yet, or being tried for the first time), V(deferred),
      V(hold) (quarantined), V(lost) (a queue file that Sendmail could not read and put aside),
      and V(client) (handed over by a user and not yet taken by the host's own MTA).
    - V(unreadable) is an entry that does not tell its state.
  returned: success
  type: dict
  sample: {"active": 1, "deferred": 11}
oldest_age_seconds:
  description: The age of the oldest message; null when none is queued.
  returned: success
  type: int
  sample: 5403
relay:
  description:
    - Where the MTA leads mail for other domains, by C(default_transport), C(relayhost) and what C(transport_maps) and
      the tables by sender say of every address with Postfix, or with Sendmail by C(submit.cf), the row C(.) of
      mailertable and the smart host. Rows for some domains do not count.
    - Null when no MTA is installed, and when its configuration cannot be read.
  returned: success
  type: dict
  contains:
    host:
      description: The next server; null when the MTA hands mail to the recipients' own servers, or to none.
      type: str
      sample: email-smtp.us-east-1.amazonaws.com
    via:
      description: Content filters of Postfix that mail passes before that, each as the configuration writes it.
      type: list
      elements: str
      sample: ["[127.0.0.1]:10024"]
    logs_in:
      description:
        - Whether the MTA has a log-in for this server; whether the server takes it is not tried.
        - Null when that cannot be read, as by a user who is not root, and when there is no such server.
      type: bool
      sample: true
reasons:
  description:
    - Why messages wait, most frequent first. Those of the same cause are one reason.
    - Messages that were not tried yet have none; a message whose recipients wait for several reasons counts in each.
    - After 100 reasons, further wordings of a cause count with its first one.
  returned: success
  type: list
  elements: dict
  contains:
    count:
      description: How many messages wait for it.
      type: int
      sample: 11
    text:
      description: One example, in the MTA's words.
      type: str
      sample: >-
        host email-smtp.us-east-1.amazonaws.com[192.0.2.10] said: 454 Throttling failure: Maximum sending rate exceeded.
        (in reply to end of DATA command)
    oldest_age_seconds:
      description: The age of the oldest of them; null when no queue entry tells it.
      type: int
      sample: 5403
    diagnosis:
      description: What it means.
      type: dict
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
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import installed_mta
from ansible_collections.mailops.ses.plugins.module_utils._queue.look import outcome

ARGUMENTS: dict[str, dict[str, Any]] = {
    "mta": {"type": "str", "choices": ["postfix", "sendmail"]},
    "endpoint": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    mta, endpoint = module.params["mta"], module.params["endpoint"]
    found = outcome(mta, endpoint, lambda: installed_mta(module.run_command), module.run_command)
    if "failed" in found:
        module.fail_json(**found)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
