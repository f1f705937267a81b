# SPDX-License-Identifier: GPL-3.0-or-later
"""The account: a server on loopback for all its services, with faults, and joined with the SMTP simulator."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends
from moto.sts.models import sts_backends
from ses_simulator.credentials import derive
from ses_simulator.operations import Operations as Simulator
from werkzeug.serving import WSGIRequestHandler, make_server

from . import iam, ses
from .state import AwsError, Region

MOTO = (iam_backends, sts_backends, secretsmanager_backends, ssm_backends)
KEY_ID = "AKIATESTCONTROLLER01"
HANG = 60  # seconds, longer than any client waits
Start = Callable[..., Any]


class Quiet(WSGIRequestHandler):
    """Says nothing of a request: the account has the list of its calls."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@dataclass
class Fault:
    """What an operation is answered with in place of its result, so many times."""

    operation: str
    code: str | None
    status: int
    times: int | None
    delay: float
    skip: int


class Account:
    """A context manager; `environment` has what leads boto3 here."""

    def __init__(self, regions: Iterable[str] = ("us-east-1", "eu-west-1")) -> None:
        self._regions = {name: Region(name) for name in regions}
        self._faults: list[Fault] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.RLock()
        self._smtp: tuple[Simulator, str] | None = None
        self._seen: dict[str, float] = {}  # when the account first had a key
        self._served = threading.Event()
        self.calls: list[tuple[str, str]] = []  # operation and region of each request
        self.foreign: dict[str, str] = {}
        self.propagation = 0.0  # seconds until SES knows a new key

    def __enter__(self) -> Account:
        self.reset()
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="aws", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._served.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reset(self) -> None:
        """An account as on its first day."""
        for backend in MOTO:
            backend.reset()
        for name in self._regions:
            self._regions[name] = Region(name)
        self._faults.clear()
        self._seen.clear()
        self.calls.clear()
        self.foreign.clear()

    @property
    def endpoint(self) -> str:
        """The URL of all its services."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What leads boto3 here, with credentials and without those of the machine."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def region(self, name: str = "us-east-1") -> Region:
        """What SES knows there."""
        return self._regions.setdefault(name, Region(name))

    def verify(self, name: str, region: str = "us-east-1") -> None:
        """DNS has answered: the identity and its MAIL FROM domain are verified. It is made where it is not there."""
        with self._lock:
            found = self.region(region)
            if name not in found.identities:
                ses.Operations(found).CreateEmailIdentity(name)
            identity = found.identity(name)
            identity.status, identity.error, identity.mail_from_status = "SUCCESS", None, "SUCCESS"
            self._tell()

    def refuse(self, name: str, error: str = "HOST_NOT_FOUND", region: str = "us-east-1") -> None:
        """DNS has answered wrongly for too long."""
        identity = self.region(region).identity(name)
        identity.status, identity.error, identity.mail_from_status = "FAILED", error, "FAILED"

    def fault(
        self,
        operation: str,
        code: str | None = None,
        *,
        status: int = 400,
        times: int | None = None,
        delay: float = 0.0,
        skip: int = 0,
    ) -> None:
        """Answer this operation with an error's code, or later; delay=HANG is longer than any client waits. The first
        SKIP requests are let by."""
        self._faults.append(Fault(operation, code, status, times, delay, skip))

    def mend(self) -> None:
        """End all faults."""
        self._faults.clear()

    def count(self, operation: str) -> int:
        """How often it was asked."""
        return sum(name == operation for name, _region in self.calls)

    def user(self, name: str, *statements: dict[str, Any]) -> None:
        """An IAM user with an inline policy of these statements."""
        backend = iam_backends[iam.ACCOUNT]["aws"]
        backend.create_user("us-east-1", name)
        if statements:
            document = {"Version": "2012-10-17", "Statement": list(statements)}
            backend.put_user_policy(name, "send", json.dumps(document))

    def key(self, user: str, status: str = "Active") -> tuple[str, str]:
        """A new key of that user: its id and its secret."""
        backend = iam_backends[iam.ACCOUNT]["aws"]
        made = backend.create_access_key(user)
        backend.update_access_key(user, made.access_key_id, status)
        with self._lock:
            self._tell()
        return made.access_key_id, made.secret_access_key

    def deactivate(self, user: str, key_id: str) -> None:
        """As somebody does it in IAM's console."""
        iam_backends[iam.ACCOUNT]["aws"].update_access_key(user, key_id, "Inactive")
        with self._lock:
            self._tell()

    def keys(self, user: str) -> dict[str, str]:
        """The status of each of the user's keys."""
        return {key.access_key_id: key.status for key in iam.users()[user].access_keys}

    def secret_of(self, key_id: str) -> str:
        """The secret of one of the account's keys."""
        found = iam.key_and_user(key_id)
        assert found is not None
        return str(found[0].secret_access_key)

    def secrets(self) -> list[str]:
        """The secrets of all keys, and the SMTP passwords that are derived from them."""
        keys = [key.secret_access_key for user in iam.users().values() for key in user.access_keys]
        return [*keys, *(derive(key, region) for key in keys for region in self._regions)]

    def join(self, simulator: Simulator, region: str = "us-east-1") -> None:
        """From now on the SMTP endpoint of that region is this account's."""
        self._smtp = simulator, region
        with self._lock:
            self._tell()

    def tell(self) -> None:
        """Have the SMTP simulator know what the test has changed of the account, and a key whose time has come."""
        with self._lock:
            self._tell()

    def _tell(self) -> None:
        if self._smtp is None:
            return
        simulator, name = self._smtp
        region, now = self.region(name), time.monotonic()
        known = {}
        for user in iam.users().values():
            for key in user.access_keys:
                since = self._seen.setdefault(key.access_key_id, now)
                if key.status == "Active" and now - since >= self.propagation:
                    known[key.access_key_id] = {"secret_access_key": key.secret_access_key}
        simulator.credentials(known)
        verified = [identity.name for identity in region.identities.values() if identity.status == "SUCCESS"]
        simulator.identities(verified=verified, sandbox=not region.production)
        simulator.limits(quota=int(region.max_24_hours))
        region.sent = float(sum(len(message["to"]) for message in simulator.messages()))

    def _last_login(self, key_id: str) -> datetime | None:
        simulator = self._smtp and self._smtp[0]
        times = [item["opened"] for item in simulator.sessions() if item["user"] == key_id] if simulator else []
        return datetime.now(timezone.utc) if times else None

    # The server

    def _serve(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        region, service = _scope(environ.get("HTTP_AUTHORIZATION", ""))
        operation, values = _asked(environ, service, body)
        with self._lock:
            self.calls.append((operation, region))
            fault = self._due(operation)
            if self._smtp:
                self._tell()
        try:
            if fault:
                self._served.wait(fault.delay)
                if fault.code:
                    raise AwsError(fault.code, f"The test has {operation} answered so.", fault.status)
            return self._answer(environ, start, (service, region), operation, values)
        except AwsError as error:
            return _error(start, service, error)
        finally:
            with self._lock:
                self._tell()

    def _due(self, operation: str) -> Fault | None:
        for fault in self._faults:
            if fault.operation == operation and fault.times != 0:
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None

    def _answer(
        self, environ: dict[str, Any], start: Start, scope: tuple[str, str], operation: str, values: dict[str, Any]
    ) -> Iterable[bytes]:
        service, region = scope
        if service == "ses":
            with self._lock:
                method = getattr(ses.Operations(self.region(region)), operation, None)
                if method is None:
                    raise AwsError("UnknownOperationException", f"{operation} is not played here.", 404)
                return _json(start, method(**values))
        if operation == "GetAccessKeyLastUsed":
            used = self._last_login(values["AccessKeyId"])
            return _xml(start, iam.last_used(values["AccessKeyId"], used, self._smtp and self._smtp[1]))
        if operation == "GetAccessKeyInfo":
            return _xml(start, iam.key_info(values["AccessKeyId"], self.foreign))
        if operation == "SimulatePrincipalPolicy":
            return _xml(start, iam.simulate(values))
        served: Iterable[bytes] = self._moto(environ, start)
        return served


def _scope(authorization: str) -> tuple[str, str]:
    """The region and the service that a request was signed for."""
    try:
        _key, _day, region, service, _end = authorization.split(",", maxsplit=1)[0].split()[1].split("/")
    except (IndexError, ValueError):
        return "us-east-1", ""
    return region, service


def _asked(environ: dict[str, Any], service: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """The operation that a request asks for, with its values."""
    if service == "ses":
        found = ses.operation_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if found is None:
            return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", {}
        query = {key: value if len(value) > 1 else value[0] for key, value in parse_qs(environ["QUERY_STRING"]).items()}
        return found[0], {**query, **(json.loads(body) if body else {}), **found[1]}
    if environ.get("HTTP_X_AMZ_TARGET"):
        return environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2], {}
    form = {key: value[0] for key, value in parse_qs(body.decode()).items()}
    return form.get("Action", ""), form


def _json(start: Start, value: Any, status: str = "200 OK", headers: Iterable[tuple[str, str]] = ()) -> list[bytes]:
    start(status, [("Content-Type", "application/json"), *headers])
    return [json.dumps(value).encode()]


def _xml(start: Start, text: str, status: str = "200 OK") -> list[bytes]:
    start(status, [("Content-Type", "text/xml")])
    return [text.encode()]


def _error(start: Start, service: str, error: AwsError) -> list[bytes]:
    """An error in the form of the service's protocol."""
    status = f"{error.status} Error"
    if service == "ses":
        return _json(start, {"message": error.message}, status, [("x-amzn-ErrorType", error.code)])
    if service in ("iam", "sts"):
        inside = f"<Type>Sender</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
        return _xml(start, f"<ErrorResponse><Error>{inside}</Error><RequestId>0</RequestId></ErrorResponse>", status)
    return _json(start, {"__type": error.code, "message": error.message}, status)
