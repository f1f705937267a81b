#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that with max_fail_percentage: 0 no batch follows one in which a host has failed. Where the failing task is in a block
# that has an `always`, all batches follow, and the run ends with 2 when everything is done: at each failure the limit counts hosts that
# have nothing left to run, and this one still has its `always`. Without it the first batch is the last one.
# Seen with ansible-core 2.16.19, 2.19.14, and 2.21.5 (ansible/plugins/strategy/linear.py, __init__.py). Needs python3.11; no root.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >with.yml <<'PLAY'
- hosts: all
  gather_facts: false
  serial: 2
  max_fail_percentage: 0
  tasks:
    - block:
        - ansible.builtin.fail:
          when: inventory_hostname == "one"
        - ansible.builtin.debug:
            msg: changed
      always:
        - ansible.builtin.debug:
            msg: tidied
    - ansible.builtin.debug:
        msg: after the block
PLAY
sed '/always:/,/tidied/d' with.yml >without.yml
export ANSIBLE_HOME="$folder/home" ANSIBLE_NOCOLOR=true
for version in 2.16.19 2.19.14; do
    python3 -m venv "$version"
    "$version/bin/pip" install --quiet --disable-pip-version-check "ansible-core==$version"
    "$version/bin/ansible" --version >said
    sed -n 1p said
    for play in without with; do
        status=0
        "$version/bin/ansible-playbook" -i one,two,three,four --connection local "$play.yml" >said 2>/dev/null || status=$?
        # Of the recap: who has run anything after the failure of host one.
        went=$(sed -n '/^PLAY RECAP/,$s/^\([a-z]*\) .*ok=\([1-9]\).*/\1 ok=\2/p' said | sort | paste -sd ' ')
        echo "$play always: exit status $status, ${went:-nobody has run more}"
    done
done >found
cat found
diff - found <<'EXPECTED'
ansible [core 2.16.19]
without always: exit status 2, nobody has run more
with always: exit status 2, four ok=3 one ok=1 three ok=3 two ok=3
ansible [core 2.19.14]
without always: exit status 2, nobody has run more
with always: exit status 2, four ok=3 one ok=1 three ok=3 two ok=3
EXPECTED
echo 'as described'
