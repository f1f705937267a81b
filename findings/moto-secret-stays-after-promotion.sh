#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that a version of a secret which has been given the stage AWSCURRENT is what get_secret_value returns. AWS documents so:
# "If you don't specify either a VersionStage or VersionId, then the default is to perform the operation on the version with the VersionStage
# value of AWSCURRENT". moto returns the version that was current before update_secret_version_stage, and the new one only where
# VersionStage=AWSCURRENT is named. A rotation that promotes a pending version, tested with moto, seems to have changed nothing.
# Seen with moto 5.2.5 (moto/secretsmanager/models.py: default_version_id, which update_secret_version_stage leaves as it is).
# Needs python3.11 or newer; no root, no network but for pip.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[secretsmanager]==5.2.5' boto3==1.44.8
cat >promote.py <<'PROGRAM'
import boto3
from moto import mock_aws

with mock_aws():
    client = boto3.client("secretsmanager", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    old = client.create_secret(Name="mail/ses", SecretString="old")["VersionId"]
    new = client.put_secret_value(SecretId="mail/ses", SecretString="new", VersionStages=["AWSPENDING"])["VersionId"]
    client.update_secret_version_stage(
        SecretId="mail/ses", VersionStage="AWSCURRENT", MoveToVersionId=new, RemoveFromVersionId=old
    )
    print("without a stage:", client.get_secret_value(SecretId="mail/ses")["SecretString"])
    print("by its stage:", client.get_secret_value(SecretId="mail/ses", VersionStage="AWSCURRENT")["SecretString"])
PROGRAM
venv/bin/python promote.py | tee said
if printf 'without a stage: old\nby its stage: new\n' | cmp -s - said; then
    echo 'as described'
else
    echo 'this has changed' >&2
    exit 1
fi
