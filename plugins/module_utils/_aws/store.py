# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a credential is kept: a secret of Secrets Manager, or a parameter of SSM, with a second one that waits.

What is kept is a JSON text. Before a key is made, a note of the keys that there are is left in the place of the one
that waits: so a run that is killed before the new key is stored leaves a trace by which the next one knows it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple, Protocol, Union

from ansible_collections.mailops.ses.plugins.module_utils._aws import session
from ansible_collections.mailops.ses.plugins.module_utils._aws.faults import CallError
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import secret_fault, username_fault

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_WAITS = ".pending"  # after a parameter's name


class Credential(NamedTuple):
    """A key with its secret; `created` is AWS's time of it, in UTC, and `replaces` the key that it was made for."""

    username: str
    secret_access_key: str
    created: str
    replaces: str = ""

    def text(self) -> str:
        """As it is kept: the same credential is the same text."""
        kept = {name: value for name, value in self._asdict().items() if value or name != "replaces"}
        return json.dumps(kept, sort_keys=True, separators=(",", ":"))


class Note(NamedTuple):
    """A key is about to be made at this time, and these were there before it."""

    at: datetime
    known: list[str]

    def text(self) -> str:
        """As it is kept."""
        kept = {"creating": self.at.strftime(_TIME), "known": self.known}
        return json.dumps(kept, sort_keys=True, separators=(",", ":"))


Kept = Union[Credential, Note, None]  # noqa: UP007  (Python 3.9 makes no such type of |)


class Contents(NamedTuple):
    """What a store has. `current` is never a note."""

    current: Credential | None
    pending: Kept
    arn: str | None
    version: str | None


class Store(Protocol):
    """A place for one credential."""

    def read(self) -> Contents:
        """What is there; ValueError with a sentence where that is no credential."""

    def put_pending(self, text: str) -> None:
        """Keep this as what waits."""

    def promote(self) -> None:
        """What waits becomes what is current, and nothing waits."""

    def drop_pending(self) -> None:
        """Nothing waits."""


def parse(text: str | None, where: str) -> Kept:
    """What a kept text is. ValueError, which tells nothing of the text, for any other."""
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, Mapping):
        raise ValueError(f"{where} is no JSON object: name another place, or remove what is there.")
    if "creating" in found and isinstance(found.get("known"), list):
        at = datetime.strptime(str(found["creating"]), _TIME).replace(tzinfo=timezone.utc)
        return Note(at, [str(key) for key in found["known"]])
    username, secret = found.get("username"), found.get("secret_access_key")
    if not isinstance(username, str) or not isinstance(secret, str):
        raise ValueError(
            f"{where} lacks username or secret_access_key: name another place, or store both keys as text."
        )
    for name, fault in (("username", username_fault(username)), ("secret_access_key", secret_fault(secret))):
        if fault:
            raise ValueError(f"{where}: {name} {fault}.")
    return Credential(username, secret, *(str(found.get(name) or "") for name in ("created", "replaces")))


def store_of(aws: session.Aws, place: Mapping[str, Any]) -> Store:
    """The store that the option `store` names."""
    if place["secretsmanager"]:
        return SecretsManager(aws, place["secretsmanager"], place.get("kms_key"))
    return ParameterStore(aws, place["ssm"], place.get("kms_key"))


def fetch(aws: session.Aws, place: Mapping[str, Any], pending: bool = False) -> Credential:
    """The credential that is current there, or the one that waits, by one call. ValueError where there is none."""
    if place.get("secretsmanager"):
        stage = PENDING if pending else CURRENT
        name, where = str(place["secretsmanager"]), f"The secret {place['secretsmanager']} ({stage})"
        service, method = "secretsmanager", "get_secret_value"
        values: dict[str, Any] = {"SecretId": name, "VersionStage": stage}
    else:
        name = f"{place['ssm']}{_WAITS if pending else ''}"
        where = f"The parameter {name}"
        service, method, values = "ssm", "get_parameter", {"Name": name, "WithDecryption": True}
    try:
        told = aws.ask(service, method, **values)
    except CallError as fault:
        if fault.is_missing():
            raise ValueError(f"{where} is not there: make it, by mailops.ses.ses_smtp_credential.") from fault
        raise
    kept = parse(told.get("SecretString", "") if "Parameter" not in told else told["Parameter"]["Value"], where)
    if not isinstance(kept, Credential):
        raise ValueError(f"{where} has no credential yet: run mailops.ses.ses_smtp_credential again.")
    return kept


class SecretsManager(Store):
    """A secret whose versions have stages."""

    def __init__(self, aws: session.Aws, name: str, kms_key: str | None) -> None:
        self._aws, self._name, self._kms_key = aws, name, kms_key
        self._stages: dict[str, str] = {}
        self._exists = False

    def read(self) -> Contents:
        try:
            told = self._aws.ask("secretsmanager", "describe_secret", SecretId=self._name)
        except CallError as fault:
            if fault.is_missing():
                return Contents(None, None, None, None)
            raise
        if told.get("DeletedDate"):
            raise ValueError(f"The secret {self._name} is scheduled for deletion: restore it, or name another one.")
        self._exists = True
        versions = told.get("VersionIdsToStages") or {}
        self._stages = {stage: version for version, stages in versions.items() for stage in stages}
        current = self._kept(CURRENT)
        # A secret's first version is current whatever it is put for, and may be a note.
        return Contents(
            current if isinstance(current, Credential) else None,
            self._kept(PENDING),
            told.get("ARN"),
            self._stages.get(CURRENT),
        )

    def put_pending(self, text: str) -> None:
        if not self._exists:
            key = {"KmsKeyId": self._kms_key} if self._kms_key else {}
            said = "Amazon SES SMTP credential"
            self._aws.ask("secretsmanager", "create_secret", Name=self._name, Description=said, **key)
            self._exists = True
        told = self._aws.ask(
            "secretsmanager", "put_secret_value", SecretId=self._name, SecretString=text, VersionStages=[PENDING]
        )
        self._stages.update(dict.fromkeys(told.get("VersionStages") or [PENDING], told["VersionId"]))

    def promote(self) -> None:
        new, old = self._stages[PENDING], self._stages.get(CURRENT)
        if new != old:
            leaves = {"RemoveFromVersionId": old} if old else {}
            self._stage(CURRENT, MoveToVersionId=new, **leaves)
            self._stages[CURRENT] = new
        self.drop_pending()

    def drop_pending(self) -> None:
        self._stage(PENDING, RemoveFromVersionId=self._stages.pop(PENDING))

    def _stage(self, stage: str, **versions: str) -> None:
        name = self._name
        self._aws.ask("secretsmanager", "update_secret_version_stage", SecretId=name, VersionStage=stage, **versions)

    def _kept(self, stage: str) -> Kept:
        if stage not in self._stages:
            return None
        told = self._aws.ask("secretsmanager", "get_secret_value", SecretId=self._name, VersionStage=stage)
        return parse(told.get("SecretString", ""), f"The secret {self._name} ({stage})")


class ParameterStore(Store):
    """A parameter, and beside it one with `.pending` after its name, since readers of a parameter get its newest."""

    def __init__(self, aws: session.Aws, name: str, kms_key: str | None) -> None:
        self._aws, self._name, self._kms_key = aws, name, kms_key
        self._pending = ""

    def read(self) -> Contents:
        current, waits = self._get(self._name), self._get(self._name + _WAITS)
        self._pending = waits.get("Value", "")
        kept = parse(current.get("Value"), f"The parameter {self._name}")
        version = current.get("Version")
        return Contents(
            kept if isinstance(kept, Credential) else None,
            parse(waits.get("Value"), f"The parameter {self._name}{_WAITS}"),
            current.get("ARN"),
            None if version is None else str(version),
        )

    def put_pending(self, text: str) -> None:
        self._put(self._name + _WAITS, text)
        self._pending = text

    def promote(self) -> None:
        self._put(self._name, self._pending)
        self.drop_pending()

    def drop_pending(self) -> None:
        self._aws.ask("ssm", "delete_parameter", Name=self._name + _WAITS)

    def _get(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._aws.ask("ssm", "get_parameter", Name=name, WithDecryption=True)["Parameter"]
        except CallError as fault:
            if fault.is_missing():
                return {}
            raise
        return found

    def _put(self, name: str, text: str) -> None:
        key = {"KeyId": self._kms_key} if self._kms_key else {}
        self._aws.ask("ssm", "put_parameter", Name=name, Value=text, Type="SecureString", Overwrite=True, **key)
