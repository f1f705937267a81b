# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role hands to a module, by its variables and its task: its templates rendered by Jinja, without Ansible.

As in ansible-core since 2.19, a template that is one expression keeps its value's type, and what a user's variable
holds is no template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from typing import Any

import jinja2
import jinja2.runtime
import yaml
from ansible_collections.mailops.ses.plugins.filter.credential_faults import credential_faults
from ansible_collections.mailops.ses.plugins.filter.relay_choice import relay_choice
from testbed.engine import ROOT


class _Context(jinja2.runtime.Context):
    """Looks variables up as they are asked for, where the environment says."""

    def resolve_or_missing(self, key: str) -> Any:
        templates: Templates = self.environment.globals["templates"]
        return templates.value(key) if key in templates else super().resolve_or_missing(key)


ENVIRONMENT = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701  (it makes no HTML)
ENVIRONMENT.context_class = _Context
ENVIRONMENT.filters.update(
    {
        "combine": lambda *mappings: {key: value for one in mappings for key, value in one.items()},
        "product": lambda *lists: list(product(*lists)),
        "mailops.ses.relay_choice": relay_choice,
        "mailops.ses.credential_faults": credential_faults,
    }
)
ENVIRONMENT.tests["changed"] = lambda result: bool(result.get("changed"))


@cache
def _renderer(text: str) -> Callable[[], Any]:
    whole = text.strip()
    if whole.startswith("{{") and whole.endswith("}}") and whole.count("{{") == 1:
        return ENVIRONMENT.compile_expression(whole[2:-2].strip(), undefined_to_none=False)
    return ENVIRONMENT.from_string(text).render


class Templates(dict[str, Any]):
    """The role's own variables, rendered as they are asked for, over the user's, which are no templates."""

    def __init__(self, own: Mapping[str, Any], users: Mapping[str, Any]) -> None:
        super().__init__({**own, **users})
        self.users = users

    def value(self, name: str) -> Any:
        """A variable's value."""
        return self.users[name] if name in self.users else self.rendered(self[name])

    def rendered(self, value: Any) -> Any:
        """A value of the role's own with its templates rendered."""
        if isinstance(value, dict):
            return {key: self.rendered(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.rendered(item) for item in value]
        if not isinstance(value, str) or "{{" not in value:
            return value
        ENVIRONMENT.globals["templates"] = self
        return _renderer(value)()


@cache
def load(path: str) -> Any:
    """A file of the roles."""
    return yaml.safe_load((ROOT / "roles" / path).read_text())


def task(role: str, users: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the role's task that configures the MTA, on Debian 12, where nothing was installed."""
    files = [f"{role}/vars/Debian.yml", f"{role}/vars/main/settings.yml", "internal_relay/vars/relay.yml"]
    own = {name: value for path in files for name, value in load(path).items()}
    system = {"__ses_ca_bundle": "/etc/ssl/certs/ca-certificates.crt", "__ses_install": {"changed": False}}
    (configure,) = load(f"{role}/tasks/configure.yml")
    arguments: dict[str, Any] = Templates(own, {**users, **system, "__ses_plan": plan}).rendered(
        configure[f"mailops.ses.{role}_config"]
    )
    return arguments


def secrets(users: Mapping[str, Any]) -> dict[str, str]:
    """What the role tells relay_plan of the secrets."""
    (validate,) = load("internal_relay/tasks/validate.yml")
    found: dict[str, str] = Templates({}, users).rendered(validate["mailops.ses.relay_plan"]["credential_faults"])
    return found
