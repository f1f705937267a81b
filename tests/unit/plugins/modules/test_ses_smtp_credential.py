# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.ses_smtp_credential against an account on loopback, killed after each of its calls as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
import yaml
from account_modules import REGION, Run, runner
from ansible_collections.mailops.ses.plugins.module_utils._aws import credential, session
from ansible_collections.mailops.ses.plugins.modules import ses_smtp_credential
from aws import Account
from aws.account import KEY_ID
from aws.iam import users
from module_arguments import patch_module_args

USER = "relay"
PLACES = {"secretsmanager": {"secretsmanager": "mail/ses"}, "ssm": {"ssm": "/mail/ses"}}
# A whole rotation, and how the user's keys are after each state.
ROTATION = {
    "present": ("current", ["Active"]),
    "rotated": ("pending", ["Active", "Active"]),
    "promoted": ("promoted", ["Active", "Active"]),
    "retired": ("retired", ["Active", "Inactive"]),
    "absent": ("current", ["Active"]),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Account]:
    with Account() as account:
        yield account


@pytest.fixture
def account(server: Account) -> Account:
    server.reset()
    server.user(USER)
    return server


@pytest.fixture(params=PLACES)
def place(request: Any) -> dict[str, str]:
    """Each store."""
    return PLACES[request.param]


@pytest.fixture
def bare(account: Account, capsys: Any, monkeypatch: Any) -> Run:
    return runner(ses_smtp_credential, account, capsys, monkeypatch)


@pytest.fixture
def run(bare: Run, place: dict[str, str]) -> Run:
    def run(state: str = "present", **options: Any) -> dict[str, Any]:
        return bare(**{"user": USER, "store": place, "state": state, "grace_days": 0, **options})

    return run


def stored(place: dict[str, str]) -> dict[str, str]:
    """What hosts read."""
    if "ssm" in place:
        text = boto3.client("ssm", region_name=REGION).get_parameter(Name=place["ssm"], WithDecryption=True)
        return dict(json.loads(text["Parameter"]["Value"]))
    client = boto3.client("secretsmanager", region_name=REGION)
    # By its stage: moto 5.2.5 gives an older version where none is named.
    told = client.get_secret_value(SecretId=place["secretsmanager"], VersionStage="AWSCURRENT")
    return dict(json.loads(told["SecretString"]))


def whole(account: Account, place: dict[str, str], result: dict[str, Any], statuses: list[str]) -> None:
    """Hosts read an active key's true secret, and there are no keys but these."""
    found, keys = stored(place), account.keys(USER)
    assert found["username"] == result["current_id"]
    assert found["secret_access_key"] == account.secret_of(found["username"])
    assert keys[found["username"]] == "Active"
    assert sorted(keys.values()) == sorted(statuses)
    assert sorted(keys) == sorted(key["id"] for key in result["access_keys"])


def test_a_rotation_is_five_states_each_of_which_holds(run: Run, account: Account, place: dict[str, str]) -> None:
    first = None
    for state, (step, statuses) in ROTATION.items():
        checked = run(state, _ansible_check_mode=True)
        result = run(state)
        assert (result["changed"], result["step"]) == (True, step)
        assert (checked["changed"], checked["steps"]) == (True, result["steps"])
        whole(account, place, result, statuses)
        first = first or result["current_id"]
        assert (result["current_id"] == first) == (state in ("present", "rotated"))
        account.calls.clear()
        again = run(state)
        assert again == {**result, "changed": False, "steps": []}
        assert not {name for name, _region in account.calls} & {"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"}


class Killed(BaseException):
    """What a process that is killed does not handle."""


@pytest.mark.parametrize("state", ROTATION)
def test_killed_after_any_call_and_run_again_it_goes_on(
    run: Run, account: Account, place: dict[str, str], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS has done the call, and nobody has read its answer."""
    ask, killed_at, statuses = session.Aws.ask, 0, ROTATION[state][1]
    done = False
    while not done:
        killed_at += 1
        account.reset()
        account.user(USER)
        for before in list(ROTATION)[: list(ROTATION).index(state)]:
            run(before)
        calls = 0

        def killed(self: Any, service: str, method: str, *args: Any, **values: Any) -> dict[str, Any]:
            nonlocal calls
            result = ask(self, service, method, *args, **values)
            calls += 1
            if calls == killed_at:  # noqa: B023  (this round's)
                raise Killed
            return result

        monkeypatch.setattr(session.Aws, "ask", killed)
        options = {"user": USER, "store": place, "state": state, "grace_days": 0, "region": REGION}
        with patch_module_args(options), pytest.raises((Killed, SystemExit)) as end:
            ses_smtp_credential.main()
        done = end.type is SystemExit
        monkeypatch.setattr(session.Aws, "ask", ask)
        result = run(state)
        assert "failed" not in result, (killed_at, result)
        whole(account, place, result, statuses)
        assert run(state)["changed"] is False
    assert killed_at > 4


def test_a_rotation_begins_when_the_last_one_is_over(run: Run, account: Account, place: dict[str, str]) -> None:
    for state in ("present", "rotated", "promoted"):
        result = run(state)
    old, new = result["replaced_id"], result["current_id"]
    assert old == result["previous_id"]
    under_way = run("rotated")
    assert (under_way["changed"], under_way["step"]) == (False, "promoted")
    run("retired")
    over = run("rotated", grace_days=1)
    assert (over["changed"], over["step"]) == (False, "retired")
    begun = run("rotated")
    assert begun["steps"][0] == f"delete {old}"
    assert (begun["step"], begun["current_id"]) == ("pending", new)
    whole(account, place, begun, ["Active", "Active"])
    assert run("promoted")["replaced_id"] == new


def test_a_key_that_the_current_one_did_not_replace_stays(run: Run, account: Account) -> None:
    """The old one was deleted by hand, and somebody has made another one meanwhile."""
    for state in ("present", "rotated", "promoted"):
        result = run(state)
    iam = boto3.client("iam", region_name=REGION)
    iam.delete_access_key(UserName=USER, AccessKeyId=result["replaced_id"])
    other, _secret = account.key(USER)
    assert run("retired")["changed"] is False
    assert account.keys(USER)[other] == "Active"


def test_a_key_that_is_named_gives_way_before_its_days_have_passed(run: Run) -> None:
    for state in ("present", "rotated", "promoted", "retired"):
        result = run(state)
    assert run("rotated", grace_days=7, delete_inactive_key=result["replaced_id"])["step"] == "pending"


def test_a_store_that_takes_nothing_leaves_no_key(run: Run, account: Account, place: dict[str, str]) -> None:
    run()
    operation = "PutParameter" if "ssm" in place else "PutSecretValue"
    account.fault(operation, "AccessDeniedException", times=1, skip=1)  # the note is taken, the secret is not
    result = run("rotated")
    assert result["failed"] is True
    assert "AccessDeniedException" in result["msg"]
    assert list(account.keys(USER).values()) == ["Active"]
    assert run("rotated")["step"] == "pending"


def test_two_keys_at_the_start_stop_it(run: Run, account: Account, place: dict[str, str]) -> None:
    run()
    other, _secret = account.key(USER)
    result = run("rotated")
    assert result["failed"] is True
    assert f"{other} (Active, never used)" in result["msg"]
    refused = run("rotated", delete_inactive_key=other)
    assert refused["msg"] == f"delete_inactive_key {other} is active: no active key is deleted."
    boto3.client("iam", region_name=REGION).update_access_key(UserName=USER, AccessKeyId=other, Status="Inactive")
    assert run("rotated")["failed"] is True
    assert run("rotated", delete_inactive_key=other)["step"] == "pending"
    assert other not in account.keys(USER)


def test_a_key_that_somebody_made_later_is_no_orphan(
    run: Run, account: Account, place: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    account.fault("CreateAccessKey", "AccessDenied", status=403, times=1)
    assert run("rotated")["failed"] is True  # the note stays
    other, _secret = account.key(USER)
    (key,) = (key for key in users()[USER].access_keys if key.access_key_id == other)
    key.create_date = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(hours=1)
    assert "has two keys" in run("rotated")["msg"]
    assert other in account.keys(USER)


def test_a_key_is_deleted_days_after_its_last_use(run: Run, account: Account) -> None:
    for state in ("present", "rotated", "promoted", "retired"):
        run(state)
    assert run("absent", grace_days=1)["changed"] is False
    assert len(account.keys(USER)) == 2
    assert run("absent", grace_days=0)["changed"] is True


@pytest.mark.parametrize(
    ("before", "state", "words"),
    [
        ([], "rotated", "there is nothing to rotate. Use state=present."),
        ([], "promoted", "No key of relay waits in the store"),
        ([], "retired", "The store has no active key of relay"),
        ([], "absent", "The store has no active key of relay"),
        (["present", "rotated"], "retired", "is not promoted yet"),
        (["present", "rotated"], "absent", "is not promoted yet"),
        (["present", "rotated", "promoted"], "absent", "is active: use state=retired first"),
    ],
)
def test_a_state_out_of_turn_changes_nothing(
    run: Run, account: Account, before: list[str], state: str, words: str
) -> None:
    for earlier in before:
        run(earlier)
    keys = account.keys(USER)
    result = run(state)
    assert result["failed"] is True
    assert words in result["msg"]
    assert account.keys(USER) == keys


@pytest.mark.parametrize("state", ["promoted", "retired"])
def test_a_key_that_took_the_place_of_the_proven_one_since_is_left(run: Run, account: Account, state: str) -> None:
    for earlier in ("present", "rotated", "promoted")[: 2 if state == "promoted" else 3]:
        there = run(earlier)
    keys, here = account.keys(USER), there["pending_id"] or there["current_id"]
    refused = run(state, key_id="AKIAPROVENBEFORE")
    assert refused["msg"].startswith(f"The store has {here} by now, and key_id AKIAPROVENBEFORE was proven")
    assert account.keys(USER) == keys
    assert run(state, key_id=here)["changed"] is True


def test_the_controllers_own_key_stays(run: Run, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for state in ("present", "rotated", "promoted"):
        result = run(state)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", result["previous_id"])
    assert "is the controller's own" in run("retired")["msg"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    assert run("retired")["step"] == "retired"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hunter2", "is no JSON object"),
        ('["hunter2"]', "is no JSON object"),
        ('{"password": "hunter2"}', "lacks username or secret_access_key"),
        ('{"username": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": ""}', "secret_access_key is empty"),
    ],
)
def test_a_stored_text_that_is_no_credential(bare: Run, account: Account, text: str, words: str) -> None:
    boto3.client("secretsmanager", region_name=REGION).create_secret(Name="mail/ses", SecretString=text)
    result = bare(user=USER, store=PLACES["secretsmanager"])
    assert result["failed"] is True
    assert words in result["msg"]
    assert "hunter2" not in json.dumps(result)
    assert account.keys(USER) == {}


def test_a_stored_key_of_another_user(bare: Run, account: Account) -> None:
    account.user("other")
    bare(user="other", store=PLACES["secretsmanager"])
    result = bare(user=USER, store=PLACES["secretsmanager"])
    assert "belongs to other, not to relay: name another place." in result["msg"]


def test_a_stored_key_that_is_nobodys_is_replaced(run: Run, account: Account, place: dict[str, str]) -> None:
    gone = run()["current_id"]
    iam = boto3.client("iam", region_name=REGION)
    iam.delete_access_key(UserName=USER, AccessKeyId=gone)
    result = run()
    assert result["current_id"] != gone
    whole(account, place, result, ["Active"])


def test_an_inactive_current_key_is_not_worked_around(run: Run, account: Account) -> None:
    key = run()["current_id"]
    boto3.client("iam", region_name=REGION).update_access_key(UserName=USER, AccessKeyId=key, Status="Inactive")
    assert f"The stored key {key} is Inactive" in run()["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"user": "nobody"}, "There is no IAM user nobody"),
        ({"user": " "}, "user is empty"),
        ({"store": {}}, "one of the following is required"),
        ({"store": {"secretsmanager": "a", "ssm": "b"}}, "mutually exclusive"),
        ({"store": {"secretsmanager": ""}}, "store has an empty name"),
        ({"grace_days": -1}, "grace_days must not be negative."),
    ],
)
def test_faulty_options(bare: Run, options: dict[str, Any], words: str) -> None:
    result = bare(**{"user": USER, "store": PLACES["ssm"], **options})
    assert result["failed"] is True
    assert words in result["msg"]


def test_the_documentation_has_the_options_and_the_results(run: Run) -> None:
    options = yaml.safe_load(ses_smtp_credential.DOCUMENTATION)["options"]
    assert set(options) == set(credential.ARGUMENTS) - set(session.ARGUMENTS)
    documented = yaml.safe_load(ses_smtp_credential.RETURN)
    assert set(documented) == set(run()) - {"changed", "invocation"}
