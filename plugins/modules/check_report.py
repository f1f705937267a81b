#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation alone: the plugin of this name in plugins/action runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: check_report
short_description: Write what M(mailops.ses.host_check) found on a fleet as JSON, JUnit and HTML
version_added: 0.1.0
author:
  - mailops maintainers (@mailops)
description:
  - Writes three files on the controller, in one call for all hosts. Each is exchanged whole.
  - C(report.json) is for programs. Its shape is described by C(docs/report.schema.json) of this collection.
    C(version) in it goes up when a value goes away or changes its meaning, not when one is added.
  - C(junit.xml) is for CI servers. It has a test suite a host, and in it the test cases C(can send), one a port,
    and C(queue).
    A host that cannot send, or whose mail waits, fails C(can send), and a host that could not be checked is an error
    there. A host of which a log-in alone is known, or not even that, a port that does not work and a queue with
    deferred mail are skipped with a message, which CI servers show.
    So its failures are as many as the hosts that cannot send, its errors as many as those that could not be checked.
  - A host is in one of eight states. C(can_send) logged in on a port, its MTA leads mail for other domains to this
    endpoint and has a log-in for it, and its queue does not contradict; or SES took a mail. C(can_log_in) logged in,
    and nothing shows that its mail goes there. It has no MTA, one that leads mail elsewhere or has no log-in, or one
    whose queue or configuration cannot be read.
    C(not_logged_in) took the dialogue on a port, but the check had no credentials, so it tells nothing of the log-in.
    C(only_accepted) logged in at an ingress endpoint of Mail Manager, which accepts mail that it may not send.
    C(cannot_send) failed on every port, or was given credentials with which nobody can log in. C(mail_waits) logged in,
    but all mail in its queue that was tried on the way to SES waits, for a cause that lies on that way and does not
    pass, such as a refused connection or a dead filter of its own. C(unreachable) did not answer Ansible.
    C(not_checked) gave no result, for the reason that the report tells. The first four pass.
  - C(report.html) is for people. It is one page that loads nothing, and reads without scripts.
  - Reports hold host names, addresses, certificates and what servers replied. They hold no password and no key,
    and nothing else that a host registered.
options:
  hosts:
    description:
      - For each host what M(mailops.ses.host_check) registered there.
      - A host that could not be reached, or where the module did not run, registered that, and the reports show it.
        O(queues) may then have its queue.
      - One of O(hosts) and O(checks) is needed.
    type: dict
    version_added: 0.2.0
  checks:
    description:
      - For each host what M(mailops.ses.smtp_check) registered there.
      - A host that could not be reached, or whose module failed, registered that, and the reports show it.
    type: dict
  queues:
    description:
      - For each host of O(checks) what M(mailops.ses.mail_queue_info) registered there.
        The queue of a host without one is reported as unreadable.
    type: dict
    default: {}
  probes:
    description:
      - For each host of O(checks) what M(mailops.ses.mail_probe) registered there, where a mail was sent.
      - A host whose mail SES took is in the state C(can_send) also without a log-in of the check. A host whose mail SES
        did not take is in C(cannot_send), and one of which that is not known in C(not_checked).
        C(junit.xml) then has the test case C(mail), which is skipped with a message where the mail did not arrive.
    type: dict
    default: {}
  accounts:
    description:
      - What a loop of M(mailops.ses.ses_account_info) over P(mailops.ses.account_requests#filter) registered as
        C(results).
      - The reports then have the accounts in a section of their own. A finding that stops mail makes each host that it
        is for one that cannot send, and stands among the causes. The others warn.
    type: list
    elements: dict
    default: []
    version_added: 0.2.0
  variables:
    description:
      - Has no effect since 0.2.0, and is taken so that tasks that give it still run.
      - Errors name variables where M(mailops.ses.smtp_check) and M(mailops.ses.mail_probe) are given their
        C(option_names).
    type: dict
    default: {}
  directory:
    description:
      - Where to write, on the controller. It is made when it is missing.
        A relative path is below the directory where C(ansible-playbook) was started.
    type: str
    default: ses-report
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
  check_mode:
    details:
      - The reports are written in check mode too, because they change nothing on the hosts.
  diff_mode:
    support: none
  idempotent:
    details:
      - It never reports a change. The files are written anew by each run, with its time.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Write the reports of what mailops.ses.host_check registered
  mailops.ses.check_report:
    hosts: "{{ {'web1': hostvars['web1'].found} }}"
  run_once: true

- name: Write the reports of what other modules registered
  mailops.ses.check_report:
    checks: "{{ {'web1': hostvars['web1'].check} }}"
    queues: "{{ {'web1': hostvars['web1'].queue} }}"
    probes: "{{ {'web1': hostvars['web1'].probe | default({})} }}"
    directory: "{{ playbook_dir }}/reports"
  run_once: true
  register: report
"""

RETURN = r"""
directory:
  description: Where the reports are.
  returned: success
  type: str
  sample: /home/anna/ses-report
files:
  description: The reports.
  returned: success
  type: list
  elements: str
  sample: ["/home/anna/ses-report/report.json", "/home/anna/ses-report/junit.xml", "/home/anna/ses-report/report.html"]
summary:
  description: The number of hosts, and how many are in each state.
  returned: success
  type: dict
  sample:
    {"hosts": 3, "can_send": 1, "can_log_in": 0, "not_logged_in": 0, "only_accepted": 0, "cannot_send": 1,
     "mail_waits": 0, "unreachable": 1, "not_checked": 0}
message:
  description:
    - Which hosts cannot send, are unreachable or were not checked, in a line.
      Empty when there is none.
  returned: success
  type: str
  sample: "Cannot send: web2. Unreachable: web3."
lines:
  description: What a terminal shows, a table of up to 30 hosts, or the causes of more.
  returned: success
  type: list
  elements: str
  sample: ["host  25  465  587  2465  2587  use  TLS  endpoint"]
"""
