#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation alone: the plugin of this name in plugins/action runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_gate
short_description: Plan the waves of a rollout, and decide after each whether the next one may begin
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - The playbooks C(mailops.ses.rollout) and C(mailops.ses.rotate_credentials) are made of it and of
    M(mailops.ses.rollout_host). It runs on the controller, once for all hosts of a wave, and connects to no host.
  - It keeps C(rollout.json) in O(directory), by which a run goes on after a kill, and writes C(rollout.html),
    C(rollout.xml) (JUnit) and C(remaining.txt), which C(--limit) takes. They have no secret.
  - It does not fail because of what hosts registered. Look at RV(message).
options:
  step:
    description:
      - V(open) judges the variables, and takes the lock, so that no second rollout begins.
      - V(plan) makes waves of what a look at each host registered. With C(STOP) in O(directory) none begins.
      - V(unlock) lets another rollout begin, where something else ends this one before its first wave.
      - V(begin) begins the wave of O(hosts), unless C(STOP) is in O(directory).
      - V(soak) waits, as O(settings) has it.
      - V(ask) chooses hosts that can show whether SES takes any mail, and V(compare) says whether their mail fails for
        the cause for which this wave's does.
      - V(judge) ends the wave.
      - V(retire) tells whether this run has seen each of O(retire), and each is proven. It reads no O(settings).
    type: str
    choices: [open, plan, unlock, begin, soak, ask, compare, judge, retire]
    required: true
  directory:
    description:
      - Where the files are, on the controller. It is made when it is missing.
        A relative path is below the directory where C(ansible-playbook) was started.
    type: str
    default: ses-report
  settings:
    description:
      - The playbook's variables C(ses_waves), C(ses_canaries), C(ses_allowed_failures), C(ses_allowed_unreachable),
        C(ses_soak), C(ses_rollback), C(ses_rollout_plan_only), C(ses_rollout_restart) and C(ses_stop), all of them.
    type: dict
    default: {}
  playbook:
    description: The playbook's name, for what is printed.
    type: str
    default: mailops.ses.rollout
  hosts:
    description: The hosts of the run, and from V(begin) on those of the wave that are still in the play.
    type: list
    elements: str
    default: []
  canaries:
    description: The hosts that C(ses_canaries) of O(settings) matches.
    type: list
    elements: str
    default: []
  fleet:
    description: The hosts that would be meant without C(--limit).
    type: list
    elements: str
    default: []
  retire:
    description:
      - The hosts of which each has to be proven before the old credential is free to retire. Of an empty list nothing
        is told.
    type: list
    elements: str
    default: []
  account_key:
    description:
      - What M(mailops.ses.ses_smtp_credential) returned of the account's key, where a rotation makes it. A host that is
        proven has to log in with the new key, and to use the old one for nothing. Without it, a host has to log in
        with the keys of this run's hosts alone, and V(retire) never says that the old key is free.
    type: dict
    default: {}
  connections:
    description: How many connections to SES a host may open.
    type: int
    default: 10
  plans:
    description: For each host what M(mailops.ses.rollout_host) registered in check mode.
    type: dict
    default: {}
  changes:
    description: For each host of the wave what O(mailops.ses.rollout_host#module:step=change) registered.
    type: dict
    default: {}
  looks:
    description: For each host of the wave what O(mailops.ses.rollout_host#module:step=look) registered.
    type: dict
    default: {}
  backs:
    description: For each host of the wave what O(mailops.ses.rollout_host#module:step=back) registered.
    type: dict
    default: {}
  asked:
    description: What M(mailops.ses.mail_probe) registered on the hosts that V(ask) chose.
    type: list
    elements: dict
    default: []
  alike:
    description: RV(alike) of V(compare).
    type: str
    default: ""
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
  check_mode:
    details:
      - In check mode the plan is made and told, and no file is written.
  diff_mode:
    support: none
  idempotent:
    details:
      - It never reports a change. The files are written anew by each run, with its time.
  platform:
    platforms: posix
seealso:
  - module: mailops.ses.rollout_host
"""

EXAMPLES = r"""
- name: See that the variables of a rollout are sound
  mailops.ses.rollout_gate:
    step: open
    settings:
      ses_waves: [1, "10%", "100%"]
      ses_canaries: ""
      ses_allowed_failures: 0
      ses_allowed_unreachable: 2%
      ses_soak: 60
      ses_rollback: true
      ses_rollout_plan_only: true
      ses_rollout_restart: false
      ses_stop: false
  run_once: true
"""

RETURN = r"""
message:
  description: Why the run has to end, in sentences. Empty where it goes on, or where every host is as it has to be.
  returned: with O(step=plan), O(step=begin) and O(step=judge)
  type: str
  sample: "The first wave has to pass whole: web1 did not. web1: The mail to a@b.example is refused."
lines:
  description: What a terminal shows.
  returned: with O(step=plan), O(step=begin) and O(step=judge)
  type: list
  elements: str
  sample: ["Wave 1 passed after 75 s: 1 changed and proven by a mail."]
turn:
  description: The hosts of all waves in their order, how many of them are in each, and whether some get packages first.
  returned: with O(step=plan)
  type: dict
  sample: {"hosts": ["web1", "web2", "web3"], "serial": [1, 2], "installs": false}
hosts:
  description: The hosts of the wave, and with O(step=ask) those to be asked.
  returned: with O(step=begin) and O(step=ask)
  type: list
  elements: str
alike:
  description: Why hosts that were not changed cannot send either. Empty where they can, or where nobody could tell.
  returned: with O(step=compare)
  type: str
free:
  description: Whether the old credential is free to retire.
  returned: with O(step=retire)
  type: bool
"""
