# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples for CI: check, then roll out, with the reports kept however it ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
CREDENTIALS = yaml.safe_load((EXAMPLES / "ci-credentials.yml").read_text())


def load(name):
    found = yaml.safe_load((EXAMPLES / name).read_text())
    return {("on" if key is True else key): value for key, value in found.items()}  # YAML 1.1 takes on for true


def github():
    """The commands of the one job, in their order."""
    (job,) = load("github-actions.yml")["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


def gitlab():
    """The commands of the jobs, in the order of their stages."""
    found = load("gitlab-ci.yml")
    jobs = [
        (found["stages"].index(job["stage"]), job) for job in found.values() if isinstance(job, dict) and "stage" in job
    ]
    return [command for _stage, job in sorted(jobs, key=lambda item: item[0]) for command in job["script"]]


@pytest.mark.parametrize("commands", [github, gitlab])
def test_it_checks_and_then_rolls_out_by_playbooks_that_are_there(commands):
    text = "\n".join(commands())
    playbooks = re.findall(r"ansible-playbook -i hosts mailops\.ses\.(\w+)", text)
    assert playbooks == ["check", "rollout"]
    assert all((ROOT / "playbooks" / f"{name}.yml").is_file() for name in playbooks)
    assert text.count("-e @ci/credentials.yml") == len(playbooks)


def test_the_reports_are_kept_when_a_step_fails():
    (job,) = load("github-actions.yml")["jobs"].values()
    last = job["steps"][-1]
    assert (last["if"], last["with"]["path"]) == ("always()", "ses-report/")
    for name in ("check", "rollout"):
        artifacts = load("gitlab-ci.yml")[name]["artifacts"]
        assert (artifacts["when"], artifacts["paths"]) == ("always", ["ses-report/"])
        assert artifacts["reports"]["junit"] == "ses-report/*.xml"


def test_one_rollout_runs_at_a_time():
    assert load("github-actions.yml")["concurrency"] == {"group": "mail", "cancel-in-progress": False}
    assert load("gitlab-ci.yml")["rollout"]["resource_group"] == "mail"


def test_the_credential_comes_from_the_environment_and_stands_in_no_command():
    assert set(CREDENTIALS) == {"ses_smtp_username", "ses_smtp_password"}
    asked = {re.search(r"env', '(\w+)'", value)[1] for value in CREDENTIALS.values()}
    (job,) = load("github-actions.yml")["jobs"].values()
    assert asked == {"SES_SMTP_USERNAME", "SES_SMTP_PASSWORD"}
    assert asked <= set(job["env"])
    assert "PASSWORD" not in "\n".join([*github(), *gitlab()])


def test_the_triggers_are_by_hand():
    assert set(load("github-actions.yml")["on"]) == {"workflow_dispatch"}
    assert load("gitlab-ci.yml")["rollout"]["rules"][0]["when"] == "manual"
