# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's arguments as Ansible hands them over, in each ansible-core that is tested."""

from __future__ import annotations

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:  # ansible-core before 2.18 has no such helper
    import json
    from contextlib import contextmanager
    from unittest import mock

    from ansible.module_utils import basic

    @contextmanager
    def patch_module_args(arguments):
        with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()):
            yield


__all__ = ["patch_module_args"]
