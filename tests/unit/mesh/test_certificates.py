"""Certificates read from bundles, how long they last, and which keys Linkerd takes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from portal.mesh.certificates import (
    Role,
    Span,
    Standing,
    days_left,
    parse_bundle,
    parse_ca_bundle,
    step,
    title,
    what_to_do,
)

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def pem(key: Key | None = None, *, ends: datetime = NOW + 365 * DAY) -> str:
    """A certificate that signs itself."""
    used = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root.linkerd.cluster.local")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(used.public_key())
    dated = builder.serial_number(0xABC).not_valid_before(NOW - DAY).not_valid_after(ends)
    return dated.sign(used, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_bundle_gives_every_certificate_and_the_digest_of_its_exact_bytes() -> None:
    text = f"# the old one\n{pem()}\n# the new one\n{pem(ends=NOW + 10 * DAY)}"
    found = parse_bundle(text)
    assert [one.not_after for one in found.certificates] == [NOW + 365 * DAY, NOW + 10 * DAY]
    assert found.certificates[0].subject == "CN=root.linkerd.cluster.local"
    assert (found.certificates[0].serial, found.certificates[0].algorithm) == ("abc", "ECDSA secp256r1")
    assert len(found.certificates[0].fingerprint) == 64
    assert found.sha256 == hashlib.sha256(text.encode()).hexdigest() != parse_bundle(text + "\n").sha256


@pytest.mark.parametrize(
    ("text", "unreadable"),
    [
        ("", 0),
        ("nothing of the kind", 1),
        ("-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----", 1),
        ("-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----", 1),
    ],
)
def test_what_is_no_certificate_is_counted(text: str, unreadable: int) -> None:
    found = parse_bundle(text)
    assert (found.certificates, found.unreadable) == ((), unreadable)


@pytest.mark.parametrize("text", [None, "", "no base64 at all: ?", "YQ=", "bm90aGluZw=="])
def test_a_ca_bundle_that_is_none_gives_no_certificate(text: str | None) -> None:
    assert parse_ca_bundle(text).certificates == ()


def test_the_keys_that_linkerd_takes() -> None:
    small, odd = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())
    (p256,), (rsa_,), (p384,) = (parse_bundle(pem(key)).certificates for key in (None, small, odd))
    assert [one.weak(Role.ANCHOR) is None for one in (p256, rsa_, p384)] == [True, True, False]
    assert [one.weak(Role.ISSUER) is None for one in (p256, rsa_, p384)] == [True, False, False]
    assert p384.weak(Role.ISSUER) == "The key is ECDSA secp384r1: Linkerd takes an issuer with ECDSA P-256 only."
    assert p384.weak(Role.INJECTOR) is None


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=61), Standing.GOOD),
        (timedelta(days=60), Standing.GOOD),
        (timedelta(days=60) - timedelta(seconds=1), Standing.ENDING),
        (timedelta(0), Standing.ENDING),
        (timedelta(seconds=-1), Standing.ENDED),
    ],
)
def test_the_thresholds_are_those_of_linkerd_check(left: timedelta, expected: Standing) -> None:
    assert Span(NOW - DAY, NOW + left).standing(NOW) is expected


def test_what_is_not_valid_yet_and_what_is_not_known_say_so() -> None:
    assert Span(NOW + DAY, NOW + 90 * DAY).standing(NOW) is Standing.NOT_YET
    assert Span(None, None).standing(NOW) is Standing.UNKNOWN


def test_what_renews_itself_needs_nobody_until_it_is_late_with_it() -> None:
    short = Span(NOW - DAY, NOW + DAY, renews_at=NOW)
    assert short.standing(NOW + timedelta(minutes=59)) is Standing.GOOD
    assert short.standing(NOW + timedelta(minutes=61)) is Standing.ENDING
    assert short.standing(NOW + 2 * DAY) is Standing.ENDED


@pytest.mark.parametrize(
    ("days", "expected"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 14), (7, 7), (1, 1), (0, 0), (-3, 0)]
)
def test_the_steps_at_which_operators_are_told(days: int, expected: int | None) -> None:
    assert step(NOW + days * DAY, NOW) == expected


def test_words() -> None:
    assert (days_left(NOW + 2.5 * DAY, NOW), days_left(NOW - DAY / 2, NOW)) == (2, -1)
    assert (title(Role.ANCHOR), title("other")) == ("trust anchor", "other")
    assert all(what_to_do(role) for role in Role)
