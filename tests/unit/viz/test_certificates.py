"""Certificates of a window: a real TLS handshake trusts them by their name, their authority and their time."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from portal.mesh.viz.certificates import (
    AUTHORITY,
    Issued,
    carries,
    issue,
    reissue_patch,
    served_until,
    trusted,
    with_certificates,
)
from tests.unit.viz.bundles import named, practice

NOW = datetime.now(UTC).replace(microsecond=0)
UNTIL = NOW + timedelta(hours=2)


def issued(service: str = "tap", until: datetime = UNTIL) -> Issued:
    return issue(service, "linkerd-viz", now=NOW, until=until)


def shake_hands(folder: Path, server: Issued, trusts: str, hostname: str) -> None:
    """A TLS handshake over two buffers; raises ssl.SSLError where the client does not trust the server."""
    (folder / "server.pem").write_text(server.certificate + server.key)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "server.pem")
    calling = ssl.create_default_context(cadata=trusts)
    calling.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = calling.wrap_bio(to_client, to_server, server_hostname=hostname)
    other = serving.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.version()
    assert client.getpeercert()


@pytest.mark.parametrize("name", ["tap.linkerd-viz.svc", "tap.linkerd-viz.svc.cluster.local", "tap.linkerd-viz"])
def test_a_client_that_trusts_the_authority_trusts_the_server_by_its_names(tmp_path: Path, name: str) -> None:
    one = issued()
    shake_hands(tmp_path, one, one.authority, name)


@pytest.mark.parametrize("name", ["web.linkerd-viz.svc", "tap.other.svc", "tap"])
def test_no_other_name_is_trusted(tmp_path: Path, name: str) -> None:
    one = issued()
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(tmp_path, one, one.authority, name)


def test_no_other_authority_is_trusted(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tmp_path, issued(), issued().authority, "tap.linkerd-viz.svc")


def test_what_has_ended_is_not_trusted(tmp_path: Path) -> None:
    before = NOW - timedelta(hours=2)
    old = issue("tap", "linkerd-viz", now=before, until=before + timedelta(hours=1))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake_hands(tmp_path, old, old.authority, "tap.linkerd-viz.svc")


def test_both_end_with_the_window_and_began_five_minutes_before() -> None:
    one = issued(until=UNTIL + timedelta(microseconds=7))
    assert one.ends == UNTIL
    for pem in (one.authority, one.certificate):
        found = x509.load_pem_x509_certificate(pem.encode())
        assert (found.not_valid_before_utc, found.not_valid_after_utc) == (NOW - timedelta(minutes=5), UNTIL)


def test_the_authority_signs_servers_alone_and_the_leaf_signs_nothing() -> None:
    one = issued()
    authority = x509.load_pem_x509_certificate(one.authority.encode()).extensions
    leaf = x509.load_pem_x509_certificate(one.certificate.encode()).extensions
    assert authority.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert authority.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert not leaf.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not leaf.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_a_key_is_not_shown_and_each_is_another() -> None:
    one, other = issued(), issued()
    assert "PRIVATE" not in repr(one)
    assert one.key != other.key
    assert one.authority_sha256 != other.authority_sha256


def test_a_window_that_is_over_gets_none() -> None:
    with pytest.raises(ValueError, match="is of no use"):
        issue("tap", "linkerd-viz", now=NOW, until=NOW)


def test_a_long_name_is_issued_too(tmp_path: Path) -> None:
    namespace = "n" * 63
    one = issue("tap-injector", namespace, now=NOW, until=UNTIL)
    shake_hands(tmp_path, one, one.authority, f"tap-injector.{namespace}.svc")


def test_the_four_objects_carry_what_belongs_together(tmp_path: Path) -> None:
    tap, injector = issued(), issued("tap-injector")
    made = [with_certificates(obj, tap, injector) for obj in practice().objects]
    changed = [obj for obj in made if carries(obj)]
    assert {(obj["kind"], obj["metadata"]["annotations"][AUTHORITY]) for obj in changed} == {
        ("Secret", tap.authority_sha256),
        ("Secret", injector.authority_sha256),
        ("APIService", tap.authority_sha256),
        ("MutatingWebhookConfiguration", injector.authority_sha256),
    }
    assert [obj for obj in made if not carries(obj)] == [obj for obj in practice().objects if not carries(obj)]
    secret = named(made, "Secret", "tap-k8s-tls")
    assert secret["type"] == "kubernetes.io/tls"
    assert base64.b64decode(secret["data"]["tls.key"]).decode() == tap.key
    assert served_until(secret) == UNTIL
    assert trusted(named(made, "APIService", "v1alpha1.tap.linkerd.io")) == tap.authority
    shake_hands(tmp_path, injector, trusted(changed_webhook(made)), "tap-injector.linkerd-viz.svc")
    assert "tls.key" not in str(practice().objects)


def changed_webhook(made: list[dict[str, object]]) -> dict[str, object]:
    return named(made, "MutatingWebhookConfiguration", "linkerd-tap-injector-webhook-config")


def test_a_new_certificate_is_trusted_beside_the_old_one_until_that_ends(tmp_path: Path) -> None:
    tap, injector = issued(), issued("tap-injector")
    later_tap, later_injector = issued(until=UNTIL + timedelta(hours=4)), issued("tap-injector", UNTIL)
    for kind, name, old, new in (
        ("APIService", "v1alpha1.tap.linkerd.io", tap, later_tap),
        ("MutatingWebhookConfiguration", "linkerd-tap-injector-webhook-config", injector, later_injector),
    ):
        live = with_certificates(named(list(practice().objects), kind, name), tap, injector)
        live["metadata"]["resourceVersion"] = "7"
        patch = reissue_patch(live, later_tap, later_injector, now=NOW)
        assert patch is not None
        assert patch["metadata"] == {"annotations": {AUTHORITY: new.authority_sha256}, "resourceVersion": "7"}
        patched = {**live, **patch, "metadata": live["metadata"]}
        both = trusted(patched)
        assert both == new.authority + old.authority
        shake_hands(tmp_path, old, both, f"{'tap' if old is tap else 'tap-injector'}.linkerd-viz.svc")
        shake_hands(tmp_path, new, both, f"{'tap' if old is tap else 'tap-injector'}.linkerd-viz.svc")
        after = reissue_patch(patched, later_tap, later_injector, now=UNTIL)
        assert trusted({**live, **(after or {})}) == new.authority


def test_a_secret_is_replaced_whole_and_other_objects_are_left_alone() -> None:
    tap, injector = issued(), issued("tap-injector")
    found = list(practice().objects)
    live = with_certificates(named(found, "Secret", "tap-k8s-tls"), tap, injector)
    later = issued(until=UNTIL + timedelta(hours=4))
    patch = reissue_patch(live, later, injector, now=NOW)
    assert patch is not None
    assert patch.keys() == {"metadata", "data"}
    assert served_until(patch) == UNTIL + timedelta(hours=4)
    assert reissue_patch(named(found, "Service", "tap"), later, injector, now=NOW) is None
    assert served_until(named(found, "Secret", "tap-k8s-tls")) is None
