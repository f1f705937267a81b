# SPDX-License-Identifier: GPL-3.0-or-later
"""What moto 5.2.5 lacks of IAM and STS: a simulated policy, when a key was last used, and whose key one is."""

from __future__ import annotations

import fnmatch
import json
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends

from .state import AwsError

ACCOUNT = "123456789012"


def users() -> dict[str, Any]:
    """moto's users by name."""
    found: dict[str, Any] = {user.name: user for user in iam_backends[ACCOUNT]["aws"].users.values()}
    return found


def key_and_user(key_id: str) -> tuple[Any, Any] | None:
    """The key and its user; None for a key that is not the account's."""
    return next(
        ((key, user) for user in users().values() for key in user.access_keys if key.access_key_id == key_id), None
    )


def last_used(key_id: str, at: datetime | None, region: str | None) -> str:
    """The answer to GetAccessKeyLastUsed."""
    found = key_and_user(key_id)
    if found is None:
        raise AwsError("NoSuchEntity", f"The Access Key with id {key_id} cannot be found.", 404)
    used = f"<LastUsedDate>{at:%Y-%m-%dT%H:%M:%SZ}</LastUsedDate>" if at else ""
    service = f"<ServiceName>{'ses' if at else 'N/A'}</ServiceName><Region>{region or 'N/A'}</Region>"
    inside = f"<AccessKeyLastUsed>{used}{service}</AccessKeyLastUsed><UserName>{escape(found[1].name)}</UserName>"
    return _answer("GetAccessKeyLastUsed", inside)


def key_info(key_id: str, foreign: dict[str, str]) -> str:
    """The answer to GetAccessKeyInfo, which tells the account of any key."""
    account = ACCOUNT if key_and_user(key_id) else foreign.get(key_id)
    if account is None:
        raise AwsError("ValidationError", "The provided access key is not valid.")
    return _answer("GetAccessKeyInfo", f"<Account>{account}</Account>", "https://sts.amazonaws.com/doc/2011-06-15/")


def simulate(form: dict[str, str]) -> str:
    """The answer to SimulatePrincipalPolicy, for users with inline policies."""
    user = next((user for user in users().values() if user.arn == form["PolicySourceArn"]), None)
    if user is None:
        raise AwsError("NoSuchEntity", f"The user {form['PolicySourceArn']} cannot be found.", 404)
    actions = [value for key, value in form.items() if key.startswith("ActionNames.member.")]
    resources = [value for key, value in form.items() if key.startswith("ResourceArns.member.")] or ["*"]
    context = _context(form)
    results = ""
    for action in actions:
        for resource in resources:
            decision = "allowed" if _allows(user, action, resource, context) else "implicitDeny"
            results += (
                f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{escape(resource)}</EvalResourceName>"
                f"<EvalDecision>{decision}</EvalDecision></member>"
            )
    inside = f"<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>"
    return _answer("SimulatePrincipalPolicy", inside)


def _context(form: dict[str, str]) -> dict[str, str]:
    found = {}
    for key, value in form.items():
        if key.startswith("ContextEntries.member.") and key.endswith(".ContextKeyName"):
            found[value] = form.get(key.replace("ContextKeyName", "ContextKeyValues.member.1"), "")
    return found


def _allows(user: Any, action: str, resource: str, context: dict[str, str]) -> bool:
    documents = [json.loads(text) if isinstance(text, str) else text for text in user.policies.values()]
    return any(
        statement["Effect"] == "Allow"
        and _matches(statement["Action"], action)
        and _matches(statement["Resource"], resource)
        and all(
            _matches(wanted, context.get(key, ""))
            for test in statement.get("Condition", {}).values()
            for key, wanted in test.items()
        )
        for document in documents
        for statement in document["Statement"]
    )


def _matches(patterns: Any, value: str) -> bool:
    several = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatch.fnmatchcase(value.lower(), pattern.lower()) for pattern in several)


def _answer(operation: str, inside: str, space: str = "https://iam.amazonaws.com/doc/2010-05-08/") -> str:
    result = f"<{operation}Result>{inside}</{operation}Result>"
    return f'<{operation}Response xmlns="{space}">{result}<ResponseMetadata/></{operation}Response>'
