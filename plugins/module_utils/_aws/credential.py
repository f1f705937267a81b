# SPDX-License-Identifier: GPL-3.0-or-later
"""ses_smtp_credential: the access key of a relay's user and its secret in a store, from its making to its end.

IAM allows two keys a user, and tells a secret once. Each state is reached from whatever is there: a run that was killed
goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._aws import session
from ansible_collections.mailops.ses.plugins.module_utils._aws.account import stamp
from ansible_collections.mailops.ses.plugins.module_utils._aws.faults import CallError
from ansible_collections.mailops.ses.plugins.module_utils._aws.store import (
    Contents,
    Credential,
    Note,
    Store,
    store_of,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import smtp_password

Result = dict[str, Any]
ACTIVE, INACTIVE = "Active", "Inactive"
MOST_KEYS = 2  # that IAM allows a user
_CREATION = timedelta(minutes=10)  # from the note to the key, clocks that differ included

ARGUMENTS: dict[str, dict[str, Any]] = {
    **session.ARGUMENTS,
    "user": {"type": "str", "required": True},
    "state": {
        "type": "str",
        "choices": ["present", "rotated", "promoted", "retired", "absent"],
        "default": "present",
    },
    "store": {
        "type": "dict",
        "required": True,
        "mutually_exclusive": [("secretsmanager", "ssm")],
        "required_one_of": [("secretsmanager", "ssm")],
        "options": {
            "secretsmanager": {"type": "str", "no_log": False},
            "ssm": {"type": "str"},
            "kms_key": {"type": "str", "no_log": False},
        },
    },
    "grace_days": {"type": "float", "default": 7},
    "key_id": {"type": "str", "no_log": False},
    "delete_inactive_key": {"type": "str", "no_log": False},
}


class Key(NamedTuple):
    """An access key of the user."""

    id: str
    status: str
    created: datetime | None


class Step(NamedTuple):
    """What is due, in words, and the call."""

    says: str
    call: Callable[[], object]


class Now(NamedTuple):
    """What IAM and the store have now."""

    keys: list[Key]
    kept: Contents

    def key(self, wanted: Any) -> Key | None:
        """The user's key of that credential; None for a note, for nothing, and for a key that is not there any more."""
        named = wanted.username if isinstance(wanted, Credential) else None
        return next((key for key in self.keys if key.id == named), None)

    @property
    def current(self) -> Key | None:
        """The key that relays use."""
        return self.key(self.kept.current)

    @property
    def pending(self) -> Key | None:
        """The key that is yet to be proven. One that is current waits no more, whatever the store says."""
        found = self.key(self.kept.pending)
        return None if found and self.current and found.id == self.current.id else found

    @property
    def replaced(self) -> Key | None:
        """The key in whose place the current one was made, by the last rotation."""
        named = self.kept.current.replaces if self.kept.current else None
        return next((key for key in self.keys if key.id == named), None)

    @property
    def orphans(self) -> list[Key]:
        """Keys that a killed run has made and nobody has the secret of: others that were made later are somebody's."""
        note = self.kept.pending
        if not isinstance(note, Note):
            return []
        known = {*note.known, *([self.current.id] if self.current else [])}
        made = [key for key in self.keys if key.id not in known]
        return [key for key in made if key.created and abs(key.created - note.at) <= _CREATION]

    @property
    def others(self) -> list[Key]:
        """All but the current key, the pending one and orphans."""
        mine = {key.id for key in (self.current, self.pending, *self.orphans) if key}
        return [key for key in self.keys if key.id not in mine]


def judge(params: Mapping[str, Any]) -> None:
    """Raise ValueError with sentences that name the options."""
    if not params["user"].strip():
        raise ValueError("user is empty: name the IAM user of the relays.")
    if not params["store"]["secretsmanager"] and not params["store"]["ssm"]:
        raise ValueError("store has an empty name: name a secret or a parameter.")
    if params["grace_days"] < 0:
        raise ValueError("grace_days must not be negative.")


def ensure(aws: session.Aws, params: Mapping[str, Any], check_mode: bool, hide: Callable[[str], object]) -> Result:
    """Bring the state about, or in check mode tell what would be done. HIDE is given what no result may show."""
    return _Credential(aws, params, hide).ensure(check_mode)


class _Credential:
    def __init__(self, aws: session.Aws, params: Mapping[str, Any], hide: Callable[[str], object]) -> None:
        self._aws, self._params, self._hide = aws, params, hide
        self._user: str = params["user"]
        self._store: Store = store_of(aws, params["store"])

    def ensure(self, check_mode: bool) -> Result:
        now = self._now()
        states = {
            "present": self._present,
            "rotated": self._rotated,
            "promoted": self._promoted,
            "retired": self._retired,
            "absent": self._absent,
        }
        steps = list(states[self._params["state"]](now))
        if not check_mode:
            for step in steps:
                step.call()
            now = self._now() if steps else now
        return {"changed": bool(steps), "steps": [step.says for step in steps], **self._described(now)}

    # What is there

    def _now(self) -> Now:
        kept = self._store.read()
        for credential in (kept.current, kept.pending):
            if isinstance(credential, Credential):
                self._hide_all(credential.secret_access_key)
        return Now(self._keys(), kept)

    def _keys(self) -> list[Key]:
        try:
            listed = self._aws.ask("iam", "list_access_keys", UserName=self._user)["AccessKeyMetadata"]
        except CallError as fault:
            if fault.is_missing():
                raise ValueError(
                    f"There is no IAM user {self._user}: create it and allow it ses:SendRawEmail, then run this again."
                ) from fault
            raise
        return [Key(item["AccessKeyId"], item["Status"], item.get("CreateDate")) for item in listed]

    def _used(self, key: Key) -> datetime | None:
        told = self._aws.ask("iam", "get_access_key_last_used", AccessKeyId=key.id)
        used: datetime | None = (told.get("AccessKeyLastUsed") or {}).get("LastUsedDate")
        return used

    def _hide_all(self, secret: str) -> None:
        self._hide(secret)
        self._hide(smtp_password(secret, self._aws.region))

    def _described(self, now: Now) -> Result:
        kept = now.kept
        return {
            "user": self._user,
            "step": _step(now),
            "current_id": kept.current.username if kept.current else None,
            "pending_id": now.pending.id if now.pending else None,
            "previous_id": now.others[0].id if len(now.others) == 1 else None,
            "replaced_id": now.replaced.id if now.replaced else None,
            "access_keys": [{"id": key.id, "status": key.status, "created": stamp(key.created)} for key in now.keys],
            "arn": kept.arn,
            "version": kept.version,
        }

    # States: what each takes, or ValueError with why it may not be

    def _present(self, now: Now) -> Iterator[Step]:
        if now.current:
            if now.current.status != ACTIVE:
                raise ValueError(
                    f"The stored key {now.current.id} is {now.current.status}: activate it "
                    "(aws iam update-access-key --status Active), or delete it and run this again."
                )
            yield from self._tidy(now)
            return
        self._refuse_stranger(now)
        if now.pending:
            yield self._promotion(now.pending)
            return
        yield from self._orphans(now)
        yield from self._room(now, now.others)
        yield from self._creation(now)
        yield Step("make the new key current in the store", self._store.promote)

    def _rotated(self, now: Now) -> Iterator[Step]:
        if now.pending:
            if now.pending.status != ACTIVE:
                raise ValueError(
                    f"The key {now.pending.id}, which waits to be proven, is {now.pending.status}: activate it and run "
                    "this again."
                )
            return
        if not now.current:
            raise ValueError(f"The store has no key of {self._user}: there is nothing to rotate. Use state=present.")
        yield from self._tidy(now)
        stay, former = [now.current, *now.others], now.replaced
        if former and former.id != self._params["delete_inactive_key"]:
            if former.status == ACTIVE or not self._unused(former, now):
                return  # the last rotation is not over
            self._refuse_own(former)
            yield Step(f"delete {former.id}", partial(self._delete, former))
            stay.remove(former)
        yield from self._orphans(now)
        yield from self._room(now, stay)
        yield from self._creation(now)

    def _refuse_unproven(self, key: Key | None) -> None:
        """Refuse to go on with a KEY that took the place of the proven one since."""
        proven = self._params["key_id"]
        if proven and key and key.id != proven:
            raise ValueError(
                f"The store has {key.id} by now, and key_id {proven} was proven: somebody else rotates it. Prove the "
                "key that is there, and run this again."
            )

    def _promoted(self, now: Now) -> Iterator[Step]:
        self._refuse_unproven(now.pending or now.current)
        if now.pending:
            if now.pending.status != ACTIVE:
                raise ValueError(
                    f"The pending key {now.pending.id} is {now.pending.status}: nobody can log in with it."
                )
            yield self._promotion(now.pending)
        elif now.current and now.current.status == ACTIVE:
            yield from self._tidy(now)
        else:
            raise ValueError(f"No key of {self._user} waits in the store: use state=rotated, or present.")

    def _retired(self, now: Now) -> Iterator[Step]:
        if now.pending:
            raise ValueError(f"The key {now.pending.id} is not promoted yet: prove it, then use state=promoted.")
        if not now.current or now.current.status != ACTIVE:
            raise ValueError(f"The store has no active key of {self._user}: without one no key is retired.")
        self._refuse_unproven(now.current)
        # After a rotation the one key that it replaced: another one is somebody's.
        rotated = now.kept.current and now.kept.current.replaces
        for key in filter(None, [now.replaced]) if rotated else now.others:
            self._refuse_own(key)
            if key.status == ACTIVE:
                yield Step(f"deactivate {key.id}", partial(self._deactivate, key))

    def _absent(self, now: Now) -> Iterator[Step]:
        if now.pending:
            raise ValueError(f"The key {now.pending.id} is not promoted yet: prove it, then use state=promoted.")
        if not now.current or now.current.status != ACTIVE:
            raise ValueError(f"The store has no active key of {self._user}: without one no key is deleted.")
        for key in now.others:
            self._refuse_own(key)
            if key.status == ACTIVE:
                raise ValueError(f"The key {key.id} is active: use state=retired first, and watch the queues.")
            if self._unused(key, now):
                yield Step(f"delete {key.id}", partial(self._delete, key))

    # Parts of states

    def _unused(self, key: Key, now: Now) -> bool:
        """Whether the days of grace have passed since a key's last use. They begin when the current key was made at the
        earliest: before that nobody could do without this one, and IAM may not know of its use."""
        current = now.current.created if now.current else None
        times = [at for at in (self._used(key) or key.created, current) if at]
        return not times or datetime.now(timezone.utc) - max(times) >= timedelta(days=self._params["grace_days"])

    def _tidy(self, now: Now) -> Iterator[Step]:
        """A kill between the two calls of a promotion leaves the current key waiting as well."""
        waits, current = now.kept.pending, now.kept.current
        if isinstance(waits, Credential) and current and waits.username == current.username:
            yield Step("end the promotion in the store", self._store.drop_pending)

    def _promotion(self, key: Key) -> Step:
        return Step(f"make {key.id} current in the store", self._store.promote)

    def _orphans(self, now: Now) -> Iterator[Step]:
        for key in now.orphans:
            if self._used(key):
                raise ValueError(
                    f"The key {key.id} was made while this credential was being made, and it has been used: see who "
                    "uses it, and deactivate and delete it where nobody does."
                )
            if key.status == ACTIVE:
                yield Step(f"deactivate {key.id}, whose secret nobody has", partial(self._deactivate, key))
            yield Step(f"delete {key.id}, whose secret nobody has", partial(self._delete, key))

    def _room(self, now: Now, kept: list[Key]) -> Iterator[Step]:
        """A place for one more key among those that stay."""
        named = self._params["delete_inactive_key"]
        for key in now.others if named else ():
            if key.id != named:
                continue
            self._refuse_own(key)
            if key.status == ACTIVE:
                raise ValueError(f"delete_inactive_key {key.id} is active: no active key is deleted.")
            kept = [other for other in kept if other.id != key.id]
            yield Step(f"delete {key.id}", partial(self._delete, key))
        if len(kept) >= MOST_KEYS:
            both = " and ".join(self._in_words(key) for key in kept)
            raise ValueError(
                f"The user {self._user} has two keys, and IAM allows no third: {both}. If hosts are being changed from "
                "the one to the other, end that first. Deactivate the one that nobody uses, and name it in "
                "delete_inactive_key."
            )

    def _creation(self, now: Now) -> Iterator[Step]:
        gone = {key.id for key in now.orphans}
        note = Note(datetime.now(timezone.utc), sorted(key.id for key in now.keys if key.id not in gone))
        yield Step("note in the store that a key is being made", partial(self._store.put_pending, note.text()))
        replaces = now.current.id if now.current else ""
        yield Step(f"create a key of {self._user} and store it as pending", partial(self._create, replaces))

    def _refuse_stranger(self, now: Now) -> None:
        """The store's key may be of another user, or of another account. One that is nobody's is replaced."""
        if not now.kept.current:
            return
        key_id = now.kept.current.username
        try:
            owner = self._aws.ask("iam", "get_access_key_last_used", AccessKeyId=key_id).get("UserName")
        except CallError as fault:
            if fault.is_missing():
                return
            raise
        raise ValueError(f"The stored key {key_id} belongs to {owner}, not to {self._user}: name another place.")

    def _refuse_own(self, key: Key) -> None:
        if key.id == self._aws.own_key_id():
            raise ValueError(f"The key {key.id} is the controller's own: run this with other credentials.")

    def _in_words(self, key: Key) -> str:
        used = stamp(self._used(key))
        return f"{key.id} ({key.status}, {f'last used {used}' if used else 'never used'})"

    # Calls

    def _create(self, replaces: str) -> None:
        """Create and store. A key whose secret cannot be stored is of no use to anybody, and goes at once."""
        made = self._aws.ask("iam", "create_access_key", UserName=self._user)["AccessKey"]
        self._hide_all(made["SecretAccessKey"])
        at = stamp(made.get("CreateDate")) or ""
        credential = Credential(made["AccessKeyId"], made["SecretAccessKey"], at, replaces)
        try:
            self._store.put_pending(credential.text())
        except CallError:
            key = Key(credential.username, ACTIVE, None)
            self._deactivate(key)
            self._delete(key)
            raise

    def _deactivate(self, key: Key) -> None:
        self._aws.ask("iam", "update_access_key", UserName=self._user, AccessKeyId=key.id, Status=INACTIVE)

    def _delete(self, key: Key) -> None:
        """Only what is inactive now: somebody may have activated it since."""
        status = next((other.status for other in self._keys() if other.id == key.id), None)
        if status == ACTIVE:
            raise ValueError(f"The key {key.id} is active: no active key is deleted.")
        if status is not None:
            self._aws.ask("iam", "delete_access_key", UserName=self._user, AccessKeyId=key.id)


def _step(now: Now) -> str:
    """How far a rotation has come."""
    if now.pending:
        return "pending"
    if not now.current:
        return "none"
    if not now.others:
        return "current"
    return "promoted" if any(key.status == ACTIVE for key in now.others) else "retired"
