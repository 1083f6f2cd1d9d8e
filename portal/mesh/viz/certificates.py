"""Certificates of one window of Viz: an authority of its own for each server, whose key is gone when it has signed.

A worker makes them just before it creates the objects, and again when a ticket outlives them; no row, queue or log
ever holds a key.
"""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from portal.mesh.viz.names import API_SERVICE, INJECTOR_SECRET, TAP_SECRET, WEBHOOK, Object, annotations_of

AUTHORITY = "meshdesk.io/authority-sha256"
"""Annotation on what carries a certificate or an authority: which authority that is, the newest where it has two."""
_SKEW = timedelta(minutes=5)
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_CARRIERS = {
    ("Secret", TAP_SECRET): "tap",
    ("APIService", API_SERVICE): "tap",
    ("Secret", INJECTOR_SECRET): "tap-injector",
    ("MutatingWebhookConfiguration", WEBHOOK): "tap-injector",
}


@dataclass(frozen=True)
class Issued:
    """One server's certificate and its authority, as PEM texts; `ends` is when both end."""

    authority: str
    certificate: str
    key: str = field(repr=False)
    ends: datetime

    @property
    def authority_sha256(self) -> str:
        """The authority's name in annotations: sha256 of its PEM text, in hex."""
        return hashlib.sha256(self.authority.encode()).hexdigest()


def issue(service: str, namespace: str, *, now: datetime, until: datetime) -> Issued:
    """A certificate for a Service (`tap` in `linkerd-viz`) by an authority made for it alone; ECDSA P-256.

    It begins five minutes before `now`, for clocks that are behind, and ends with `until` to the second. Raises
    ValueError where that is not after `now`.
    """
    until = until.astimezone(UTC).replace(microsecond=0)
    if until <= now:
        raise ValueError(f"a certificate that ends at {until.isoformat()} is of no use at {now.isoformat()}")
    host = f"{service}.{namespace}.svc"
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, start = _name(f"Meshdesk for {host}"), now - _SKEW
    authority = (
        _builder(issuer, issuer, authority_key.public_key(), (start, until))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName(name) for name in (host, f"{host}.cluster.local", f"{service}.{namespace}")]
    certificate = (
        _builder(_name(host), issuer, key.public_key(), (start, until))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return Issued(_pem(authority), _pem(certificate), _key_pem(key), until)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, life: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(life[0])
        .not_valid_after(life[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    # A common name holds 64 characters; the alternative names count.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in _USAGES})


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def carries(obj: Mapping[str, Any]) -> str | None:
    """Whose certificate or authority this object of Viz is to carry: `tap`, `tap-injector`, or None for neither."""
    return _CARRIERS.get((obj["kind"], obj["metadata"]["name"]))


def with_certificates(obj: Mapping[str, Any], tap: Issued, injector: Issued) -> Object:
    """A copy of a bundle's object that carries its certificate, or the authority that its caller is to trust.

    Of the objects of Viz only the two Secrets, the tap APIService and the tap-injector's webhook carry one.
    """
    whose, made = carries(obj), copy.deepcopy(dict(obj))
    if whose is not None:
        issued = tap if whose == "tap" else injector
        made["metadata"]["annotations"] = {**annotations_of(obj), AUTHORITY: issued.authority_sha256}
        _write(made, issued, issued.authority)
    return made


def reissue_patch(live: Mapping[str, Any], tap: Issued, injector: Issued, *, now: datetime) -> Object | None:
    """The merge patch that gives an object of the cluster the new certificate; None where it carries none.

    A caller goes on trusting its old authorities until they have ended, since a server takes minutes to read its
    Secret anew: patch the APIService and the webhook first, then the Secrets. With the object's resourceVersion.
    """
    whose = carries(live)
    if whose is None:
        return None
    issued = tap if whose == "tap" else injector
    made = {key: copy.deepcopy(live[key]) for key in ("kind", "spec", "webhooks") if key in live}
    _write(made, issued, issued.authority + _still_good(live, issued, now))
    metadata = {"annotations": {AUTHORITY: issued.authority_sha256}}
    version = live["metadata"].get("resourceVersion")
    kept = {"metadata": {**metadata, **({"resourceVersion": version} if version else {})}}
    if live["kind"] == "APIService":
        return {**kept, "spec": {"caBundle": made["spec"]["caBundle"]}}
    return {**kept, **{key: made[key] for key in ("data", "webhooks") if key in made}}


def _write(obj: Object, issued: Issued, authorities: str) -> None:
    if obj["kind"] == "Secret":
        obj["type"] = "kubernetes.io/tls"
        obj["data"] = {"tls.crt": _base64(issued.certificate), "tls.key": _base64(issued.key)}
    elif obj["kind"] == "APIService":
        obj["spec"]["caBundle"] = _base64(authorities)
    else:
        for hook in obj["webhooks"]:
            hook["clientConfig"]["caBundle"] = _base64(authorities)


def _still_good(live: Mapping[str, Any], issued: Issued, now: datetime) -> str:
    found = {_pem(one): one for one in _certificates(trusted(live))}
    return "".join(pem for pem, one in found.items() if one.not_valid_after_utc > now and pem != issued.authority)


def trusted(obj: Mapping[str, Any]) -> str:
    """The authorities that an APIService or a webhook configuration trusts, as PEM text; empty where it has none."""
    if obj["kind"] == "APIService":
        bundle = (obj.get("spec") or {}).get("caBundle")
    else:
        bundle = next((hook["clientConfig"].get("caBundle") for hook in obj.get("webhooks") or []), None)
    return base64.b64decode(bundle).decode() if bundle else ""


def served_until(secret: Mapping[str, Any]) -> datetime | None:
    """When the certificate in a live Secret ends; None where there is none that can be read."""
    text = (secret.get("data") or {}).get("tls.crt") or ""
    ends = [one.not_valid_after_utc for one in _certificates(base64.b64decode(text).decode())]
    return min(ends, default=None)


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return []


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
