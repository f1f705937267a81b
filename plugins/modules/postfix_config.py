#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a host's whole Postfix configuration to the wanted state in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postfix_config
short_description: Bring a host's whole Postfix configuration to the wanted state in one call
version_added: 0.1.0
description:
  - Sets parameters of C(main.cf), services of C(master.cf) and look-up tables together. Every other line, comments
    included, stays as it is.
  - Has Postfix check the new configuration before anything on the host changes, then renames the new files into place,
    tables first and C(main.cf) last. When the check or a rename fails, the host keeps what it had.
  - >-
    With O(unit), while Postfix delivers, services and tables that are new come first, beside those in use. When Postfix
    has loaded them, C(main.cf) follows, whose one rename is the change, and when that is loaded, what nothing uses any
    more goes. A run that is killed anywhere leaves the old configuration or the new one, and the next run tidies up.
  - >-
    What a change replaced is kept, with modes and owners, in C(.mailops-previous) in O(config_directory), which root
    alone can read, until the next change succeeds. O(state=previous) goes back to it.
  - Does not touch the daemon, unless O(unit) is given. RV(action) tells what is due on it.
notes:
  - >-
    What the check finds: what C(postconf) refuses or does not know, parameters with a value that C(smtp) or C(smtpd)
    refuse to start with, services with a program that is not there, map types that this Postfix does not have, patterns
    that do not compile. The two daemons are started for it once, on an empty session, away from the network and from
    the mail log. Faults that the host's configuration had before do not count.
  - >-
    What the check cannot find: a well-formed value with the wrong meaning, a table of somebody else that is not there,
    a value that only other daemons read and, while Postfix is stopped, part of what C(smtpd) would refuse.
  - >-
    A table with O(tables[].secret_entries) is one file, owned by root and with mode 0600 from its first byte. Its index
    is built from memory, so that no clear-text source exists. A source at exactly the table's path, and its indexes of
    other types, are removed when the index is in force. Copies with other names are left alone.
  - An entry of C(master.cf) that has to change is written anew. Comments in it are kept before the next entry.
  - >-
    Where no reload came since the files changed, for example because an earlier play was interrupted, RV(action) says
    so though RV(ignore:changed) is V(false). It is V(restart) then if any parameter that needs one was asked for.
  - Needs Postfix 3.5 or newer and Linux.
author:
  - mailops maintainers (@mailops)
extends_documentation_fragment:
  - mailops.ses.attributes
  - mailops.ses.unit
attributes:
  check_mode:
    details:
      - On a host without Postfix it reports the difference to an empty configuration.
  diff_mode:
    details:
      - Of secret tables it shows the keys, and whether a value changes, never a value. The same goes for passwords that
        stand in C(inline) or C(static) tables in a parameter.
options:
  parameters:
    description:
      - Parameters of C(main.cf).
      - A value is a string, a number, a boolean (C(yes) or C(no)), a list (joined by commas) or null, which removes the
        parameter. C($name) is expanded by Postfix.
      - A parameter that is defined several times is reduced to one definition.
    type: dict
    default: {}
  optional_parameters:
    description:
      - Like O(parameters), for those that only some versions of Postfix know. Where this Postfix doesn't know a
        parameter it is left out, and removed if it is there.
    type: dict
    default: {}
  services:
    description:
      - Entries of C(master.cf). Fields that are left out keep what the entry has, or are C(-) in a new one.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the service.
        type: str
        required: true
      type:
        description: Its type. Name and type together tell services apart.
        type: str
        choices: [inet, unix, fifo, unix-dgram, pass]
        required: true
      private:
        description: Whether only Postfix may use it, C(y), C(n) or C(-).
        type: str
      unprivileged:
        description: Whether it runs without root's privileges, C(y), C(n) or C(-).
        type: str
      chroot:
        description: Whether it runs in the queue directory, C(y), C(n) or C(-).
        type: str
      wakeup:
        description: Seconds after which it is woken up, with an optional C(?), or C(-).
        type: str
      maxproc:
        description: How many processes it may have at most, or C(-).
        type: str
      command:
        description: The program. Required for a new entry.
        type: str
      options:
        description: All its C(-o) settings. An empty dictionary removes those that are there.
        type: dict
      optional_options:
        description: Like O(services[].options), for those that only some versions of Postfix know.
        type: dict
      args:
        description: All its other arguments.
        type: list
        elements: str
      generations:
        description:
          - >-
            Whether the service changes together with the tables and other services that have generations, and with the
            parameters that lead to it, such as C(default_transport) with its next hop. A change of any of them makes
            all anew under other names, C(NAME-2) and the next time C(NAME) again, so that mail on its way goes on by
            what it began with. Both services are in C(master.cf), and do the same once the change is in force.
          - >-
            Give C(NAME) everywhere. In values of O(parameters) and O(services[].options) the name of the generation
            takes the place of a service, alone or before a colon, and of a table's path. A parameter whose name begins
            with the service's and an underscore is set for both.
        type: bool
        default: false
      state:
        description: Whether the entry is to be there.
        type: str
        choices: [present, absent]
        default: present
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
      parameter:
        description:
          - Parameter that is set to the table. Several tables with one parameter are joined in their order.
          - Of an absent table the reference is taken out of the parameter.
        type: str
      service:
        description:
          - One of O(services), whose option O(tables[].parameter) is set to the table, before what the option has. In
            C(main.cf) it is not set then.
        type: str
      type:
        description:
          - Map type. Empty means the host's C(default_database_type), or where this Postfix doesn't have that one, the
            first of V(hash), V(lmdb), V(cdb) and V(texthash) that it has.
          - Secret tables are V(texthash) where the default is V(cdb).
        type: str
        choices: ['', hash, btree, lmdb, cdb, texthash, regexp, pcre, cidr]
        default: ''
      entries:
        description:
          - Keys and values, in order. None make an empty table.
        type: dict
      secret_entries:
        description:
          - Like O(tables[].entries), for tables with credentials. Mutually exclusive with it.
          - Ansible hides every occurrence of these values in its output, so they should not be short words.
        type: dict
      generations:
        description: Like O(services[].generations), for a table that has to agree with such services.
        type: bool
        default: false
      state:
        description: Whether the table is to be there.
        type: str
        choices: [present, absent]
        default: present
  umbrella_unit:
    description:
      - Unit that stands for all instances of Postfix, where that is another one. It is enabled and started, since the
        system's hooks reload it.
    type: str
  config_directory:
    description: Postfix's configuration directory.
    type: path
    default: /etc/postfix
  state:
    description:
      - V(previous) takes the last change back. C(main.cf), C(master.cf) and the tables of that task become what they
        were before it, by the same check and the same steps, and what was there becomes the previous configuration.
      - Services that the change brought stay in C(master.cf), where nothing names them.
      - It fails where no change was kept. An interrupted change is one that it takes back.
    type: str
    choices: [present, previous]
    default: present
seealso:
  - module: mailops.ses.smtp_check
"""

EXAMPLES = r"""
- name: Relay through an SES endpoint
  mailops.ses.postfix_config:
    parameters:
      relayhost: "[email-smtp.us-east-1.amazonaws.com]:587"
      smtp_sasl_auth_enable: true
      smtp_tls_security_level: secure
      smtp_tls_connection_reuse: true
      smtp_tls_CApath: null
    optional_parameters:
      tls_required_enable: false
    services:
      - name: tlsproxy
        type: unix
        chroot: y
        maxproc: "0"
        command: tlsproxy
    tables:
      - name: ses_sasl_passwd
        parameter: smtp_sasl_password_maps
        secret_entries:
          "[email-smtp.us-east-1.amazonaws.com]:587": "{{ username }}:{{ password }}"
      - name: ses_senders
        parameter: sender_canonical_maps
        type: regexp
        entries:
          "/^(.*)@web1\\.corp\\.example$/": "${1}@example.com"
    unit: postfix

- name: Change the endpoint while mail flows, so that each mail leaves by the old one or the new
  mailops.ses.postfix_config:
    parameters:
      relayhost: "[email-smtp.eu-west-1.amazonaws.com]:587"
      default_transport: ses:$relayhost
    services:
      - name: ses
        type: unix
        command: smtp
        options:
          smtp_sasl_auth_enable: true
          smtp_tls_security_level: secure
        generations: true
    tables:
      - name: ses_passwd
        parameter: smtp_sasl_password_maps
        service: ses
        secret_entries:
          "[email-smtp.eu-west-1.amazonaws.com]:587": "{{ username }}:{{ password }}"
        generations: true
    unit: postfix

- name: Take that back
  mailops.ses.postfix_config:
    state: previous
    unit: postfix
"""

RETURN = r"""
action:
  description: What is due on the daemon; with O(unit), what was done.
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
requeue_due:
  description:
    - Whether mail waits in the queue that came in before a change of what rewrites it. C(postsuper -r), while Postfix
      is stopped, has it rewritten anew; with O(unit) that was done.
  returned: success
  type: bool
parameters:
  description: Names of the parameters that change.
  returned: success
  type: list
  elements: str
services:
  description: Name and type of the services that change.
  returned: success
  type: list
  elements: dict
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
      description: Path without an index's suffix.
      type: str
    type:
      description: Map type.
      type: str
    parameter:
      description: Parameter that refers to it.
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
postfix_version:
  description: Version of Postfix, empty where it isn't installed (check mode only).
  returned: success
  type: str
  sample: 3.7.11
"""

from functools import partial

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import carry_out, unit_of
from ansible_collections.mailops.ses.plugins.module_utils._postfix.configure import configure
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import ARGUMENTS, fault, request_of
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import PostfixError


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    units = filter(None, (unit_of(module, name) for name in ("unit", "umbrella_unit")))
    carry_out(module, fault, request_of, partial(configure, units=tuple(units)), PostfixError)


if __name__ == "__main__":
    main()
