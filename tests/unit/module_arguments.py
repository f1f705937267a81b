# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's arguments as Ansible hands them over, and what the module prints, in each ansible-core that is tested."""

from __future__ import annotations

import json

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:  # ansible-core before 2.18 has no such helper
    from contextlib import contextmanager
    from unittest import mock

    from ansible.module_utils import basic

    @contextmanager
    def patch_module_args(arguments):
        with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()):
            yield


try:
    from ansible.module_utils.secrets import mask_secrets
except ImportError:  # before 2.22 a module's output has no secret

    def mask_secrets(value, mask_placeholder=""):
        return value


__all__ = ["patch_module_args", "printed", "shown"]


def shown(out):
    """What becomes visible of a module's output. Since ansible-core 2.22 it names the values that the controller masks
    before it shows anything."""
    result = json.loads(out)
    result.pop("_ansible_new_secrets", None)
    return mask_secrets(json.dumps(result), mask_placeholder="********")


def printed(capsys):
    """What a module printed, and its complaints."""
    out, err = capsys.readouterr()
    return shown(out) if out else out, err
