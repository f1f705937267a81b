#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Empty the queue of an MTA that is to be replaced, and stop it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_queue_drain
short_description: Empty the queue of an MTA that is to be replaced, and stop it
version_added: 0.1.0
description:
  - Has Postfix or Sendmail deliver what is queued, with the configuration that it has, then stops it, and counts again.
  - From then on no mail gets into that queue. SMTP finds no daemon, and the program with which users hand mail over
    (C(postdrop), Sendmail's own) cannot be executed, so that the user is told. The next installed MTA brings its own.
  - When the queue does not become empty in time, when messages are held, or when a queue cannot be read, it fails, says
    how many messages wait and why, and leaves the MTA as it was.
  - Of Exim, nullmailer and dma it only counts the queue, and fails unless it is empty. An MTA that it does not know is
    refused.
notes:
  - Where mail comes without a pause, a queue may never be found empty. Stop what hands it over first.
  - A bounce counts as a message. What the MTA returns to its sender or delivers to a mailbox of the host is delivered.
requirements:
  - Python 3.9 or newer on the managed host
  - Root on the managed host, and systemd
author:
  - mailops maintainers (@mailops)
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  check_mode:
    details:
      - It cannot know whether the messages will leave. It fails for what is known to stay.
options:
  mtas:
    description:
      - The MTAs, as RV(mailops.ses.relay_plan#module:other_mtas) names them.
      - Of one that is not installed any more it sees whether anything is left, in its queue or running.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds after which it gives up.
    type: int
    default: 300
  state:
    description:
      - V(drained) is an empty queue into which nothing gets.
      - V(resumed) takes that back where the MTA is still installed, since what was to replace it could not be.
    type: str
    choices: [drained, resumed]
    default: drained
  start:
    description: With O(state=resumed), those of O(mtas) that shall run again. They are RV(stopped) of the earlier run.
    type: list
    elements: str
    default: []
seealso:
  - module: mailops.ses.mail_queue_info
  - module: mailops.ses.relay_plan
"""

EXAMPLES = r"""
- name: Deliver what Sendmail has queued, and stop it
  mailops.ses.mail_queue_drain:
    mtas: [sendmail]
    timeout: 600
  register: drained

- name: Let it go on, since the change has failed
  mailops.ses.mail_queue_drain:
    mtas: [sendmail]
    state: resumed
    start: "{{ drained.stopped }}"
"""

RETURN = r"""
msg:
  description: What was done, or would be done in check mode.
  returned: always
  type: str
  sample: sendmail had 2 messages queued, and is stopped with an empty queue.
messages:
  description: How many messages waited at the beginning, by MTA.
  returned: success and O(state=drained)
  type: dict
  sample: {"sendmail": 2}
stopped:
  description: Those of O(mtas) that ran before.
  returned: success and O(state=drained)
  type: list
  elements: str
  sample: [sendmail]
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import QueueError
from ansible_collections.mailops.ses.plugins.module_utils._replace.drain import drain_all, preview_all, resume_all
from ansible_collections.mailops.ses.plugins.module_utils._replace.mtas import MTAS, DrainError

# Seconds between two counts, bounded by the deadline: no MTA tells when its queue is empty.
INTERVAL = 0.5
ARGUMENTS: dict[str, dict[str, Any]] = {
    "mtas": {"type": "list", "elements": "str", "required": True},
    "timeout": {"type": "int", "default": 300},
    "state": {"type": "str", "choices": ["drained", "resumed"], "default": "drained"},
    "start": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    deadline = Deadline(time.monotonic, time.monotonic() + module.params["timeout"])
    mtas = module.params["mtas"]
    try:
        if module.params["state"] == "resumed":
            result = resume_all(MTAS, mtas, module.params["start"], module.check_mode)
        elif module.check_mode:
            result = preview_all(MTAS, mtas, time.time())
        else:
            # It sleeps between two looks into the queue, up to the deadline: no MTA tells when a mail has left.
            result = drain_all(MTAS, mtas, deadline, lambda: time.sleep(INTERVAL), time.time())
    except (DrainError, QueueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
