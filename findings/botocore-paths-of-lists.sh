#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that an operation of an AWS API keeps its method and path while the API keeps its version. Between two patch releases of
# botocore ListEmailIdentities and ListConfigurationSets of SES's API v2 (2019-09-27 in both) change from GET, with what is asked in the
# query, to POST at another path, with JSON. A stub, a proxy or a recording that goes by the path answers one of the two alone.
# Seen with botocore 1.43.104 and 1.43.105 (botocore/data/sesv2). Needs python3 with venv; no root, and nothing is sent.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >ask.py <<'PYTHON'
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import AWSResponse


class Answer(AWSResponse):
    content = b"{}"


def told(request, **_):
    """What would be sent, answered here."""
    url = urlsplit(request.url)
    body = (request.body or b"").decode()
    print(request.method, url.path, f"query {url.query or 'none'}, body {body or 'none'}")
    return Answer(request.url, 200, {}, None)


session = botocore.session.Session()
session.set_credentials("user", "secret")
client = session.create_client("sesv2", region_name="eu-west-1")
client.meta.events.register("before-send.sesv2", told)
print(f"botocore {botocore.__version__}, API {client.meta.service_model.api_version}")
client.list_email_identities(PageSize=5)
client.list_configuration_sets(PageSize=5)
client.get_email_identity(EmailIdentity="test.example")
PYTHON
for version in 1.43.104 1.43.105; do
    python3 -m venv "$version"
    "$version/bin/pip" install --quiet --disable-pip-version-check "botocore==$version"
    AWS_CONFIG_FILE=/dev/null "$version/bin/python" ask.py
done >found
cat found
diff - found <<'EXPECTED'
botocore 1.43.104, API 2019-09-27
GET /v2/email/identities query PageSize=5, body none
GET /v2/email/configuration-sets query PageSize=5, body none
GET /v2/email/identities/test.example query none, body none
botocore 1.43.105, API 2019-09-27
POST /v2/email/list-identities query none, body {"PageSize": 5}
POST /v2/email/list-configuration-sets query none, body {"PageSize": 5}
GET /v2/email/identities/test.example query none, body none
EXPECTED
echo 'as described'
