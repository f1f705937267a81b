# SPDX-License-Identifier: GPL-3.0-or-later
"""Empty the queue of an MTA that is to be replaced: deliver, stop, count again, and only then let it go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import QueueError, summarize
from ansible_collections.mailops.ses.plugins.module_utils._replace.mtas import DrainError, Mta

# States from which no attempt at delivery moves a message.
AT_REST: Mapping[str, str] = {"hold": "held; release or delete what is held", "lost": "put aside as unreadable"}
NOT_DELIVERED = "only the queues of Postfix and Sendmail are delivered here, so empty it first"
FLUSH_SECONDS = 10.0  # between two attempts; SES's advice for a second retry
SETTLE_SECONDS = 10.0  # for the mail that was handed over last, since nobody is let in meanwhile


def drain_all(
    known: Mapping[str, Mta], names: Sequence[str], deadline: Deadline, pause: Callable[[], None], now: float
) -> dict[str, Any]:
    """Empty and stop the named MTAs and return the module's result; a DrainError leaves all of them as they were. NOW
    is in seconds since the epoch."""
    waiting: dict[str, int] = {}
    done: dict[str, bool] = {}  # whether it ran
    try:
        for name, old in _installed(known, names, now):
            with _explaining(name, old, now):
                waiting[name] = len(old.waiting())
                if waiting[name] or old.opened() or old.running():
                    done[name] = drain(old, deadline, pause)
    except DrainError:
        for earlier, ran in done.items():
            resume(known[earlier], ran)
        raise
    stopped = [name for name, ran in done.items() if ran]
    return {
        "changed": bool(done),
        "messages": waiting,
        "stopped": stopped,
        "msg": " ".join(
            f"{name} had {_messages(count)} queued, and is stopped with an empty queue."
            for name, count in waiting.items()
        ),
        "diff": _diff(waiting, stopped),
    }


def preview_all(known: Mapping[str, Mta], names: Sequence[str], now: float) -> dict[str, Any]:
    """The result that drain_all would have, as far as it can be known; nothing is changed. DrainError where it is known
    to fail."""
    waiting: dict[str, int] = {}
    running: set[str] = set()
    changed = False
    for name, old in _installed(known, names, now):
        with _explaining(name, old, now):
            messages = _movable(old.waiting())
            if messages and not old.delivers:
                raise DrainError(NOT_DELIVERED, _counts(messages))
        waiting[name] = len(messages)
        running |= {name} if old.running() else set()
        changed = changed or bool(messages) or name in running or old.opened()
    return {
        "changed": changed,
        "messages": waiting,
        "stopped": sorted(running),
        "msg": " ".join(
            f"{name} has {_messages(count)} queued. They would be delivered, and it would be stopped."
            if count
            else f"{name} has no message queued. It would be stopped."
            for name, count in waiting.items()
        ),
        "diff": _diff(waiting, running),
    }


def resume_all(known: Mapping[str, Mta], names: Sequence[str], start: Sequence[str], check: bool) -> dict[str, Any]:
    """Take back what drain_all did to those of NAMES that are still installed; those of START run again. CHECK changes
    nothing."""
    changed, said = False, []
    for name in names:
        old = _known(known, name)
        if not old.installed():
            said.append(f"{name} is not installed any more.")
            continue
        starts = name in start and not old.running()
        if starts or old.closed():
            changed = True
            if not check:
                resume(old, starts or old.running())
        said.append(f"{name} is as it was before, {'running' if name in start else 'stopped'}.")
    return {"changed": changed, "msg": " ".join(said)}


def drain(old: Mta, deadline: Deadline, pause: Callable[[], None]) -> bool:
    """Leave OLD with an empty queue, stopped and closed, and return whether it ran. A DrainError or QueueError leaves
    it as it was."""
    ran = bool(old.running() or old.closed())  # closed: by a run that was interrupted
    try:
        old.open()
        deliver(old, deadline, pause)
        while not _stopped_empty(old, deadline, pause):
            old.open()
            deliver(old, deadline, pause)
    except (DrainError, QueueError) as error:
        try:
            resume(old, ran)
        except DrainError as again:
            raise DrainError(f"{error}; {again}", getattr(error, "counts", None)) from None
        raise
    return ran


def resume(old: Mta, ran: bool) -> None:
    """Let OLD take mail again; RAN says whether it has to run in the end. DrainError where it does not start or
    stop."""
    old.open()
    if ran and not old.running():
        old.start()
    elif not ran and old.running():
        old.stop()


def deliver(old: Mta, deadline: Deadline, pause: Callable[[], None]) -> None:
    """Wait until every message that waits now has left; OLD takes more meanwhile, since it may have to stay. DrainError
    where some are left at the deadline, or cannot be delivered here."""
    waiting = _movable(old.waiting())
    if not waiting:
        return
    if not old.delivers:
        raise DrainError(NOT_DELIVERED, _counts(waiting))
    if not old.running():
        old.start()
    now, attempt = waiting, deadline.within(0)
    while waiting.keys() & now.keys():
        if not deadline.seconds():
            raise DrainError(
                "they could not be delivered in time (timeout, which is the roles' ses_replace_mta_timeout)",
                _counts(now),
            )
        if not attempt.seconds():
            old.flush()
            attempt = deadline.within(FLUSH_SECONDS)
        pause()
        now = _movable(old.waiting())


def _movable(waiting: Mapping[str, str]) -> Mapping[str, str]:
    """WAITING as it is; DrainError where some messages are moved by no attempt."""
    counts = _counts(waiting)
    for state, meaning in AT_REST.items():
        if counts.get(state):
            raise DrainError(f"{counts[state]} {'is' if counts[state] == 1 else 'are'} {meaning}", counts)
    return waiting


def _counts(waiting: Mapping[str, str]) -> dict[str, int]:
    return dict(Counter(waiting.values()))


def _told(counts: Mapping[str, int]) -> str:
    """How many messages wait, and where."""
    total = sum(counts.values())
    states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return f"{_messages(total)} {'waits' if total == 1 else 'wait'} in its queue ({states})"


def _stopped_empty(old: Mta, deadline: Deadline, pause: Callable[[], None]) -> bool:
    """Whether the queue is empty once OLD takes nothing more; what was handed over just now gets a moment."""
    if not deadline.seconds():
        raise DrainError("mail keeps coming; stop what hands it over", _counts(old.waiting()))
    old.close()
    moment = deadline.within(SETTLE_SECONDS)
    while old.waiting() and moment.seconds():
        pause()
    old.stop()
    return not old.waiting()


def _installed(known: Mapping[str, Mta], names: Sequence[str], now: float) -> Iterator[tuple[str, Mta]]:
    """Those that are there; a DrainError where something is left of another."""
    for name in names:
        old = _known(known, name)
        if old.installed():
            yield name, old
            continue
        with _explaining(name, old, now):
            _see_nothing_left(old)


@contextmanager
def _explaining(name: str, old: Mta, now: float) -> Iterator[None]:
    try:
        yield
    except (DrainError, QueueError) as error:
        raise _explained(name, old, error, now) from None


def _known(known: Mapping[str, Mta], name: str) -> Mta:
    if name not in known:
        raise DrainError(
            f"{name} is not replaced: whether mail waits in its queue is not known here. See that none does, "
            "remove it, and run this again."
        )
    return known[name]


def _see_nothing_left(old: Mta) -> None:
    """Nothing of an MTA that is not installed any more."""
    counts = _counts(old.waiting())
    if counts:
        raise DrainError("its package is gone; they are kept, and leave when it is installed again and runs", counts)
    left = old.processes()
    if left:
        raise DrainError(f"its package is gone, and it still runs: end process {', '.join(map(str, left))}")


def _explained(name: str, old: Mta, error: Exception, now: float) -> DrainError:
    """The whole sentence for the user, with the reason for which most of the messages wait."""
    counts = getattr(error, "counts", {})
    fact = "is not replaced" if old.installed() else "is replaced, but not all of it is gone"
    if not counts:
        return DrainError(f"{name} {fact}: {error}")
    why = ""
    with suppress(QueueError):
        for reason in summarize(old.messages(), now)["reasons"][:1]:
            why = f" Most wait because of this: {reason['text'].rstrip('.')}. {reason['diagnosis']['remedy']}"
    return DrainError(f"{name} {fact}: {_told(counts)}; {error}.{why}", counts)


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count or 'no'} messages"


def _diff(waiting: Mapping[str, int], running: Collection[str]) -> dict[str, str]:
    before = [
        f"{name}: {_messages(count)} queued, {'running' if name in running else 'stopped'}\n"
        for name, count in waiting.items()
    ]
    return {"before": "".join(before), "after": "".join(f"{name}: no messages queued, stopped\n" for name in waiting)}
