#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a host's whole Sendmail configuration to the wanted state in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_config
short_description: Bring a host's whole Sendmail configuration to the wanted state in one call
version_added: 0.1.0
description:
  - Writes settings into one marked block of C(sendmail.mc), before the mailers, sets variables of C(sendmail.conf), and
    fills look-up tables, together. Every other line stays as it is.
  - Has C(m4) and Sendmail check the new configuration before anything on the host changes, then renames the new files
    into place, tables first and C(sendmail.cf) last, so that a run that is killed leaves the old configuration or the
    new one. When the check, a rename or the distribution's C(make) fails, the host keeps what it had.
  - Does not touch the daemon, unless O(unit) is given. RV(action) tells what is due on it.
notes:
  - >-
    What the check finds: macros and features that C(m4) does not know, options and map types that Sendmail does not
    know, maps that cannot be opened, tables that nothing in C(sendmail.mc) reads. What it cannot find: a well-formed
    value with the wrong meaning, and a rule that never matches.
  - >-
    A table with O(tables[].secret_entries) is one file, its index, owned by root and with mode 0600 from its first
    byte. It is built from memory, so that no clear-text source exists. A source at exactly the table's path is removed,
    because the distribution's C(make) would build the index anew from it.
  - >-
    Such a table, and one of O(tables[].kind=text), has generations where lines of the block name its path: when its
    rows change, they go into a file of another name (C(authinfo.1.db)), and the lines name that. So the exchange of
    C(sendmail.cf) switches everything at once. The files of the previous configuration stay.
  - The rows of other tables stand in a marked block at the end of their source. Other rows for the same keys go.
  - >-
    Where no reload came since the files changed, for example because an earlier play was interrupted, or where one
    of its daemons does not run, RV(action) says so though RV(ignore:changed) is V(false).
  - Needs Debian's or Red Hat's layout of C(/etc/mail) with its C(Makefile), Sendmail 8.15 or newer, C(m4) and C(make).
author:
  - mailops maintainers (@mailops)
extends_documentation_fragment:
  - mailops.ses.attributes
  - mailops.ses.unit
attributes:
  check_mode:
    details:
      - On a host without Sendmail it reports the difference to an empty configuration.
  diff_mode:
    details:
      - Of secret tables it shows the keys, and whether a value changes, never a value. C(sendmail.cf) is left out; it
        follows from C(sendmail.mc).
options:
  defines:
    description:
      - C(define)s of m4. Null undefines.
    type: dict
    default: {}
  features:
    description:
      - C(FEATURE)s, each with the list of its further arguments.
    type: dict
    default: {}
  macros:
    description:
      - Other macros, each with a list of calls. A call is its only argument, or the list of its arguments.
    type: dict
    default: {}
  sections:
    description:
      - What stands after C(LOCAL_CONFIG), C(LOCAL_RULE_0) to C(LOCAL_RULE_3) or C(LOCAL_RULESETS).
      - An item is a line as C(sendmail.cf) has it, or a rule as a list of its two sides.
    type: dict
    default: {}
  submission_defines:
    description:
      - C(define)s for C(submit.mc), with which C(sendmail) takes mail of the host's programs. They stand in a marked
        block at its end.
      - A C(submit.cf) that C(submit.mc) does not make stays as it is, with a warning.
    type: dict
    default: {}
  submission_sections:
    description:
      - Like O(sections), for C(submit.mc).
    type: dict
    default: {}
  settings:
    description:
      - Variables of O(settings_file), with which the distribution starts the daemons.
    type: dict
    default: {}
  settings_file:
    description:
      - Where they stand. C(/etc/sysconfig/sendmail) on Red Hat's family.
    type: path
    default: /etc/mail/sendmail.conf
  tables:
    description:
      - Look-up tables.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: File name of the table in O(config_directory).
        type: str
        required: true
      kind:
        description: Whether Sendmail reads the table's index, V(hash), or its source, V(text).
        type: str
        choices: [hash, text]
        default: hash
      entries:
        description: Keys and values, in order. None take the block away.
        type: dict
      secret_entries:
        description:
          - Like O(tables[].entries), for tables with credentials, which have no other rows. Mutually exclusive with it.
          - Ansible hides every occurrence of these values in its output, so they should not be short words.
        type: dict
      replaces:
        description:
          - The name that these rows had before. Its index goes where it holds nothing else, has no source, and no other
            line of C(sendmail.mc) names it. Only with O(tables[].secret_entries).
        type: str
  reload_command:
    description: What loads the configuration in place of the O(unit)'s own reload.
    type: list
    elements: str
    default: []
  default_mailer:
    description:
      - The mailer that mail to a domain takes for which no row and no rule is meant.
      - Where rules or tables of the host lead such mail to another mailer, the module fails and changes nothing.
    type: str
  client_mechanisms:
    description:
      - SASL mechanisms that Sendmail has as a client, whatever the library has. Written as C(client_mech_list) into the
        SASL library's C(Sendmail.conf), unless that file has a list of its own, or the host logs in to other servers
        (C(AuthInfo) rows other than those of O(tables) and of SES).
      - A log-in by a mechanism that a row names and that is missing here is a temporary failure. Empty leaves the
        library all that it has.
    type: list
    elements: str
    default: []
  queues:
    description:
      - Queue directories that O(macros)'s C(QUEUE_GROUP) names, each within another queue directory, whose owner, group
        and mode it gets.
    type: list
    elements: path
    default: []
  state:
    description:
      - V(previous) brings back what the last change replaced, whatever else is asked for, and by the same steps. What
        was there is the previous configuration then.
      - One change is kept, in C(.mailops-previous) of O(config_directory), which is root's alone.
    type: str
    choices: [present, previous]
    default: present
  config_directory:
    description: Sendmail's configuration directory.
    type: path
    default: /etc/mail
seealso:
  - module: mailops.ses.postfix_config
  - module: mailops.ses.smtp_check
"""

EXAMPLES = r"""
- name: Relay through an SES endpoint
  mailops.ses.sendmail_config:
    defines:
      SMART_HOST: relay:email-smtp.us-east-1.amazonaws.com
      RELAY_MAILER_ARGS: TCP $h 587
      confDONT_EXPAND_CNAMES: "True"
      confAUTH_MECHANISMS: LOGIN PLAIN
    features:
      authinfo: [hash -o /etc/mail/authinfo.db]
      check_cert_altnames: []
    macros:
      MASQUERADE_AS: [example.com]
    sections:
      LOCAL_RULE_0:
        - ["$+ < @ example.com $* >", "$#relay $@ email-smtp.us-east-1.amazonaws.com $: $1 < @ example.com . >"]
    tables:
      - name: authinfo
        secret_entries:
          "AuthInfo:email-smtp.us-east-1.amazonaws.com": '"U:root" "I:{{ username }}" "P:{{ password }}" "M:LOGIN"'
      - name: access
        entries:
          "TLS_Srv:": TEMP+VERIFY:112+CN:email-smtp.us-east-1.amazonaws.com
    unit: sendmail
"""

RETURN = r"""
action:
  description: What is due on the daemon, V(none), V(reload) or V(restart); with O(unit), what was done.
  returned: success
  type: str
  sample: reload
reload_due:
  description: Whether RV(action) is V(reload).
  returned: success
  type: bool
restart_due:
  description: Whether RV(action) is V(restart).
  returned: success
  type: bool
files:
  description: Those of C(sendmail.mc), C(sendmail.cf), C(submit.mc), C(submit.cf) and, by its name, O(settings_file)
    that change.
  returned: success
  type: list
  elements: str
tables:
  description: The tables, in the order given.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: File name.
      type: str
    path:
      description: Path without an index's suffix, of the generation that is in force in the end.
      type: str
    rebuilt:
      description: Whether its index is built.
      type: bool
    changed:
      description: Whether any of its files change.
      type: bool
unit_files:
  description: Files for systemd, by which the daemon that O(unit) runs comes back by itself; empty without O(unit).
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Path.
      type: str
    changed:
      description: Whether it is written or goes.
      type: bool
    kept:
      description: Settings that it leaves out, because the host sets them itself.
      type: list
      elements: str
queues:
  description: Those of O(queues) that are made.
  returned: success
  type: list
  elements: str
sendmail_version:
  description: Version of Sendmail's configuration files, empty where it isn't installed (check mode only).
  returned: success
  type: str
  sample: 8.18.1
"""

from functools import partial

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import carry_out, unit_of
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.configure import configure
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import ARGUMENTS, fault, request_of
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    unit = unit_of(module, "unit", tuple(module.params["reload_command"]))
    carry_out(module, fault, request_of, partial(configure, unit=unit), SendmailError)


if __name__ == "__main__":
    main()
