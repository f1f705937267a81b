# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that a mapping may take over another one (`<<: *name`) and say one of its keys anew: YAML's merge key is made for that,
# and the mapping's own keys go first. Ansible does so, and warns of a duplicate key: it looks for them after the merge. Where
# DUPLICATE_YAML_DICT_KEY is error, as strict CI sets it, the playbook does not load.
# Seen with ansible-core 2.16.19 (parsing/yaml/constructor.py) and 2.21.5 (_internal/_yaml/_constructor.py).
# Needs python3.12; no root.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >play.yml <<'PLAY'
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug: &first
        msg: first
        verbosity: 0
    - ansible.builtin.debug:
        <<: *first
        msg: second
PLAY
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false ANSIBLE_HOME="$folder/home" ANSIBLE_NOCOLOR=true
described=yes
for version in 2.16.19 2.21.5; do
    python3.12 -m venv "$version"
    "$version/bin/pip" install --quiet --disable-pip-version-check "ansible-core==$version"
    "$version/bin/ansible-playbook" play.yml >said 2>&1
    echo "ansible-core $version:"
    tr -s ' \n' ' ' <said | grep -oE '(F|f)ound (a )?duplicate (dict|mapping) key[^.]*' | head -n 1
    { grep -q '"msg": "second"' said && grep -q 'duplicate' said; } || described=no
    if ANSIBLE_DUPLICATE_YAML_DICT_KEY=error "$version/bin/ansible-playbook" play.yml >said 2>&1; then
        described=no
    else
        tr -s ' \n' ' ' <said | grep -oE 'ERROR.{0,80}' | head -n 1
    fi
done
if [ "$described" = yes ]; then
    echo 'as described'
else
    cat said
    echo 'this has changed' >&2
    exit 1
fi
