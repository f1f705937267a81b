# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way of docs/credentials.md brings the secret to the host: the check logs in."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

import boto3
import pytest
import yaml
from conftest import KEY, PASSWORD, USER
from moto.server import ThreadedMotoServer
from testbed.documents import block

DOCUMENT = "credentials.md"
CHECK = "ansible-playbook -i hosts mailops.ses.check"


@pytest.fixture(scope="module")
def aws():
    """Secrets Manager and Parameter Store on loopback, and the environment that leads to them."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # moto has one state for a process, and other tests here have had an account.
    with urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")) as answer:
        assert answer.status == 200
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    environment = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", **keys}
    where = {
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "region_name": "us-east-1",
        "aws_access_key_id": "testing",
        "aws_secret_access_key": "testing",
    }
    secret = json.dumps({"username": USER, "secret_access_key": KEY})
    boto3.client("secretsmanager", **where).create_secret(Name="mail/ses", SecretString=secret)
    for name, value in (("username", USER), ("secret_access_key", KEY)):
        boto3.client("ssm", **where).put_parameter(Name=f"/mail/ses/{name}", Value=value, Type="SecureString")
    yield environment
    server.stop()


def given(project, word):
    """Put the document's block into the group's variables."""
    project.write("group_vars/mail/ses.yml", "ses_region: us-east-1\n" + block(DOCUMENT, word))


def test_a_vault(project):
    project.write("vault-password", "correct horse\n")
    values = yaml.safe_load(block(DOCUMENT, "vault_ses_smtp_password }}"))
    project.variables(**values)
    try:
        project.bash(block(DOCUMENT, "encrypt_string"), SES_SMTP_USERNAME=USER, SES_SMTP_PASSWORD=PASSWORD)
    finally:
        (project.path / "group_vars/mail/vault.yml").unlink()
    assert project.stage() == "auth"


def test_the_environment(project):
    given(project, "ansible.builtin.env")
    project.bash(CHECK, SES_SMTP_USERNAME=USER, SES_SMTP_PASSWORD=PASSWORD)
    assert project.stage() == "auth"


@pytest.mark.parametrize("lookup", ["amazon.aws.secretsmanager_secret", "amazon.aws.ssm_parameter"])
def test_a_store_of_aws(project, aws, lookup):
    given(project, lookup)
    project.bash(CHECK, **aws)
    assert project.stage() == "auth"


def test_awxs_credential_type_fills_the_roles_variables(project):
    """What AWX injects, from the input fields of the form."""
    kind = yaml.safe_load((project.path / "docs/examples/awx-credential-type.yml").read_text())
    fields = {field["id"]: value for field, value in zip(kind["inputs"]["fields"], (USER, PASSWORD), strict=True)}
    injected = json.dumps({**kind["injectors"]["extra_vars"], **fields, "ses_region": "us-east-1"})
    project.variables()
    project.write("extra.json", injected)
    project.bash(f"{CHECK} -e @extra.json")
    assert project.stage() == "auth"
