#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that a module which imports is_chroot from ansible.module_utils.facts.system.chroot, as ansible-core's own systemd_service
# does, carries one small file more. It carries every collector of facts, those for AIX and SunOS among them, since the package facts imports
# them, and each host compiles them at each run: 132 files of 241 kB in place of 57 of 119 kB, 130 loaded modules in place of 55.
# Seen with ansible-core 2.19.14, and 2.21.5 (ansible/module_utils/facts/__init__.py, compat.py). Needs python3.11 or newer; no root.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ansible-core==2.19.14
mkdir library
cat >library/plain.py <<'MODULE'
#!/usr/bin/python
import os, sys, zipfile
import ansible
from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(argument_spec={})
    archive = os.path.dirname(ansible.__path__[0])
    module.exit_json(
        files=len(zipfile.ZipFile(archive).namelist()),
        kilobytes=os.path.getsize(archive) // 1024,
        loaded=sum(name.startswith("ansible.") for name in sys.modules),
        collectors=sum(name.startswith("ansible.module_utils.facts.") for name in sys.modules),
    )


if __name__ == "__main__":
    main()
MODULE
sed 's/^from ansible.module_utils.basic.*/&\nfrom ansible.module_utils.facts.system.chroot import is_chroot/' library/plain.py >library/helper.py
export ANSIBLE_LIBRARY="$folder/library" ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false ANSIBLE_HOME="$folder/home"
venv/bin/ansible --version >version
sed -n 1p version
for name in plain helper; do
    venv/bin/ansible localhost --connection local --module-name "$name" >"$name.said"
    cat "$name.said"
done
if grep -q '"collectors": 0,' plain.said && grep -q '"collectors": [0-9][0-9],' helper.said; then
    echo 'as described'
else
    echo 'this has changed' >&2
    exit 1
fi
