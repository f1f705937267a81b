# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, names and versions."""

from __future__ import annotations

import socket
import ssl

import pytest
from ses_simulator import Region, Simulator

EAST = "email-smtp.us-east-1.amazonaws.com"
WEST = "email-smtp.eu-west-1.amazonaws.com"


def wrapper_handshake(sim, name, context=None, address="127.0.0.1"):
    context = context or ssl.create_default_context(cafile=sim.ca_file)
    with (
        socket.create_connection((address, sim.ports[465]), 10) as sock,
        context.wrap_socket(sock, server_hostname=name) as secured,
    ):
        assert secured.recv(4) == b"220 "
        return secured.version()


@pytest.mark.parametrize(
    "name", [EAST, "email-smtp-fips.us-east-1.amazonaws.com", "vpce-1.email-smtp.us-east-1.vpce.amazonaws.com"]
)
def test_names_of_the_certificate(sim, name):
    assert wrapper_handshake(sim, name) == "TLSv1.3"


@pytest.mark.parametrize("name", [WEST, "email-smtp.amazonaws.com", "localhost"])
def test_other_names_fail(sim, name):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        wrapper_handshake(sim, name)


def test_the_local_address_decides_on_the_region(sim):
    wrapper_handshake(sim, WEST, address="127.0.0.2")
    assert sim.sessions()[-1]["region"] == "eu-west-1"


def test_untrusted_without_the_ca(sim):
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer|self-signed"):
        wrapper_handshake(sim, EAST, ssl.create_default_context())


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_client_chooses_the_version_of_tls(sim, session, version):
    context = ssl.create_default_context(cafile=sim.ca_file)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    wrapper_handshake(sim, EAST, context)
    record = session()
    assert record["tls"] == version.replace("_", ".")
    assert record["cipher"]
    assert record["sni"] == EAST


old_tls = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")


def old_client(sim):
    context = ssl.create_default_context(cafile=sim.ca_file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    return context


@old_tls
def test_old_versions_are_refused(sim, session):
    context = old_client(sim)
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="(?i)alert protocol version"):
        wrapper_handshake(sim, EAST, context)
    assert "unsupported protocol" in session()["tls_error"].lower().replace("_", " ")


@old_tls
def test_tls_max_of_an_old_version(sim):
    sim.fault(tls_max="TLSv1.1")
    assert wrapper_handshake(sim, EAST, old_client(sim)) == "TLSv1.1"
    with pytest.raises(ssl.SSLError, match="(?i)version|sigalg"):
        wrapper_handshake(sim, EAST)


def test_tls_max_1_2(sim):
    sim.fault(tls_max="TLSv1.2", times=1)
    assert wrapper_handshake(sim, EAST) == "TLSv1.2"
    assert wrapper_handshake(sim, EAST) == "TLSv1.3"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("other_name", "Hostname mismatch"),
        ("load_balancer", "Hostname mismatch"),
        ("expired", "certificate has expired"),
        ("not_yet_valid", "certificate is not yet valid"),
        ("untrusted", "unable to get local issuer"),
    ],
)
@pytest.mark.parametrize("port", [587, 465])
def test_a_wrong_certificate_fails_verification(sim, dial, kind, message, port):
    sim.fault(certificate=kind, times=1)
    client = dial(port)
    if port == 587:
        client.reply()
        client.command("STARTTLS")
    with pytest.raises(ssl.SSLCertVerificationError, match=message):
        client.handshake()
    assert wrapper_handshake(sim, EAST) == "TLSv1.3"


def test_a_wildcard_in_the_common_name_alone(sim):
    sim.fault(certificate="wildcard")
    assert wrapper_handshake(sim, EAST) == "TLSv1.3"
    context = ssl.create_default_context(cafile=sim.ca_file)
    context.hostname_checks_common_name = False
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        wrapper_handshake(sim, EAST, context)


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize(("how", "error"), [("reset", ConnectionResetError), ("silent", TimeoutError)])
def test_large_hellos_are_minded_and_small_ones_are_not(sim, dial, port, how, error):
    sim.fault(large_hello=how)
    for large in (True, False):
        client = dial(port)
        if port == 587:
            client.reply()
            client.command("STARTTLS")
        context = ssl.create_default_context(cafile=sim.ca_file)
        if not large:
            context.set_ecdh_curve("prime256v1")  # newer OpenSSL has a large key otherwise
            assert client.handshake(context=context).version() == "TLSv1.3"
            continue
        context.set_alpn_protocols(["x" * 200] * 60)
        if how == "silent":
            client.sock.settimeout(1)
        with pytest.raises(error):
            client.handshake(context=context)
        client.sock.close()
        assert sim.wait(open=0, timeout=5)


def test_the_load_balancers_certificate_follows_its_name(sim):
    sim.fault(certificate="load_balancer")
    for name in ("one.us-east-1.elb.amazonaws.com", "another.us-east-1.elb.amazonaws.com"):
        sim.dns(region="us-east-1", load_balancer=name)
        assert wrapper_handshake(sim, name) == "TLSv1.3"


def test_several_regions_at_one_address(tmp_path):
    regions = [Region("us-east-1"), Region("eu-west-1")]
    with Simulator(regions=regions, state_dir=tmp_path) as sim:
        wrapper_handshake(sim, EAST)
        wrapper_handshake(sim, WEST)
        context = ssl.create_default_context(cafile=sim.ca_file)
        context.check_hostname = False
        with socket.create_connection(("127.0.0.1", sim.ports[465]), 10) as sock, context.wrap_socket(sock) as secured:
            names = {name for _kind, name in secured.getpeercert()["subjectAltName"]}
        assert {EAST, WEST} <= names
        assert [(s["region"], s["sni"]) for s in sim.sessions()] == [
            ("us-east-1", EAST),
            ("eu-west-1", WEST),
            ("us-east-1", None),
        ]


def test_a_restart_keeps_the_authority(tmp_path):
    regions = [Region("us-east-1")]
    with Simulator(regions=regions, state_dir=tmp_path) as sim:
        first = (tmp_path / "ca.pem").read_bytes()
        context = ssl.create_default_context(cafile=sim.ca_file)
    with Simulator(regions=regions, state_dir=tmp_path) as sim:
        assert (tmp_path / "ca.pem").read_bytes() == first
        wrapper_handshake(sim, EAST, context)
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o600
