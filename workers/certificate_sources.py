"""Where the certificates of a mesh can be read by anybody: never a Secret, so never a key. certificates.py asks.

The issuer is in a Secret together with its key. Its end is read from cert-manager's Certificate, or from what Linkerd's
own ConfigMap says of the installation; where neither tells it, that is said, with what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import yaml

from portal.errors import ClusterError, Gone, Refused
from portal.mesh.certificates import Bundle, Certificate, Role, Span, parse_bundle, parse_ca_bundle, sentences
from portal.mesh.events import newest, told
from portal.mesh.objects import MANAGED, ObjectRef
from workers.cluster.protocol import Cluster

ISSUER_SECRET = "linkerd-identity-issuer"  # noqa: S105 - the name of an object, which is never read
IDENTITY = "linkerd-identity"
_ADMISSION = "admissionregistration.k8s.io/v1"
_MUTATING, _VALIDATING = "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"
_CERT_MANAGER = "cert-manager.io/v1"
_ISSUER_UNKNOWN = (
    "Not known: the issuer is in a Secret beside its key, which Meshdesk does not read. Have cert-manager keep it, and "
    "its end is read from there."
)
_NOT_READY = ("Ready", "False")
_UNKNOWN = Span(None, None)
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Found:
    """What one place tells of a certificate in a role: the certificate itself, or only its ends, or why neither."""

    role: Role
    source: str
    certificate: Certificate | None = None
    span: Span = field(default=_UNKNOWN)
    problem: str | None = None

    def with_problem(self, problem: str) -> Found:
        """The same with one more thing that is wrong."""
        return replace(self, problem=" ".join(filter(None, [self.problem, problem])))

    @property
    def key(self) -> Key:
        """What makes it the same as one that was read before."""
        return self.role, self.source, "" if self.certificate is None else self.certificate.fingerprint

    def columns(self) -> dict[str, Any]:
        """The row's values, but for its key."""
        shown = self.certificate
        return {
            "subject": None if shown is None else shown.subject,
            "serial": None if shown is None else shown.serial,
            "algorithm": None if shown is None else shown.algorithm,
            "not_before": self.span.not_before,
            "not_after": self.span.not_after,
            "renews_at": self.span.renews_at,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Webhook:
    """Where the authority of a server that the API server calls is told; `optional`: it need not be there."""

    role: Role
    ref: ObjectRef
    optional: bool = False


WEBHOOKS = (
    Webhook(Role.INJECTOR, ObjectRef(_ADMISSION, _MUTATING, "", "linkerd-proxy-injector-webhook-config")),
    Webhook(Role.SP_VALIDATOR, ObjectRef(_ADMISSION, _VALIDATING, "", "linkerd-sp-validator-webhook-config")),
    Webhook(Role.POLICY_VALIDATOR, ObjectRef(_ADMISSION, _VALIDATING, "", "linkerd-policy-validator-webhook-config")),
    Webhook(Role.TAP_INJECTOR, ObjectRef(_ADMISSION, _MUTATING, "", "linkerd-tap-injector-webhook-config"), True),
    Webhook(Role.TAP, ObjectRef("apiregistration.k8s.io/v1", "APIService", "", "v1alpha1.tap.linkerd.io"), True),
)


def everything(cluster: Cluster, namespace: str) -> tuple[list[Found], str | None]:
    """What each place tells, and the sha256 of the trust anchors' bundle; raises what the cluster raises."""
    anchors, root = _anchors(cluster, namespace)
    found = [*anchors, *_issuer(cluster, namespace)]
    for webhook in WEBHOOKS:
        found += _webhook(cluster, webhook)
    return found, root


def _anchors(cluster: Cluster, namespace: str) -> tuple[list[Found], str | None]:
    ref = ObjectRef("v1", "ConfigMap", namespace, "linkerd-identity-trust-roots")
    obj = _read(cluster, ref)
    if isinstance(obj, str):
        return [Found(Role.ANCHOR, str(ref), problem=f"Not known: {obj}")], None
    bundle = parse_bundle((obj.get("data") or {}).get("ca-bundle.crt") or "")
    return list(_of_bundle(Role.ANCHOR, str(ref), bundle)), bundle.sha256 if bundle.certificates else None


def _webhook(cluster: Cluster, webhook: Webhook) -> list[Found]:
    obj = _read(cluster, webhook.ref, missing="")
    if isinstance(obj, str):
        missing = "" if webhook.optional else f"There is no {webhook.ref}: Linkerd is not whole on this cluster."
        told_ = f"Not known: {obj}" if obj else missing
        return [Found(webhook.role, str(webhook.ref), problem=told_)] if told_ else []
    bundles = dict.fromkeys(_ca_bundles(obj))
    if not bundles:
        return [Found(webhook.role, str(webhook.ref), problem="Not known: it names no authority (caBundle).")]
    found = [one for text in bundles for one in _of_bundle(webhook.role, str(webhook.ref), parse_ca_bundle(text))]
    return _renewed(found) if MANAGED in (obj["metadata"].get("labels") or {}) else found


def _renewed(found: list[Found]) -> list[Found]:
    """The last of those that Meshdesk itself made for a ticket's window, and makes anew where that lasts longer."""
    dated = [(one.span.not_after, one) for one in found if one.span.not_after is not None]
    if not dated:
        return found
    ends, last = max(dated, key=lambda pair: pair[0])
    return [replace(last, span=replace(last.span, renews_at=ends))]


def _ca_bundles(obj: Mapping[str, Any]) -> list[str]:
    configs = [hook.get("clientConfig") or {} for hook in obj.get("webhooks") or []] or [obj.get("spec") or {}]
    return [str(config["caBundle"]) for config in configs if config.get("caBundle")]


def _of_bundle(role: Role, source: str, bundle: Bundle) -> Iterator[Found]:
    for one in bundle.certificates:
        yield Found(role, source, one, Span(one.not_before, one.not_after), one.weak(role))
    for sentence in sentences(bundle):
        yield Found(role, source, problem=sentence)
    if not bundle.certificates and not bundle.unreadable:
        yield Found(role, source, problem="Not known: it holds no certificate.")


def _issuer(cluster: Cluster, namespace: str) -> list[Found]:
    """The first that tells the issuer's end, with what the identity service last complained of."""
    ways: tuple[Callable[[Cluster, str], list[Found]], ...] = (_from_cert_manager, _from_the_installation)
    found = next((one for way in ways if (one := way(cluster, namespace))), None)
    found = found or [Found(Role.ISSUER, f"Secret {ISSUER_SECRET} in {namespace}", problem=_ISSUER_UNKNOWN)]
    complaint = _complaint(cluster, namespace)
    return [one.with_problem(complaint) for one in found] if complaint else found


def _from_cert_manager(cluster: Cluster, namespace: str) -> list[Found]:
    try:
        kept = list(cluster.objects(_CERT_MANAGER, "Certificate", namespace))
    except ClusterError:
        # Its rights may not be given, for there may be no cert-manager at all: the next way is tried.
        return []
    return [_kept(one) for one in kept if (one.get("spec") or {}).get("secretName") == ISSUER_SECRET]


def _kept(obj: Mapping[str, Any]) -> Found:
    status = obj.get("status") or {}
    times = {name: _instant(status.get(name)) for name in ("notBefore", "notAfter", "renewalTime")}
    span = Span(times["notBefore"], times["notAfter"], times["renewalTime"])
    not_ready = [one for one in status.get("conditions") or [] if (one.get("type"), one.get("status")) == _NOT_READY]
    problem = next((f"cert-manager says: {one.get('message')}" for one in not_ready), None)
    return Found(Role.ISSUER, str(ObjectRef.of(dict(obj))), None, span, problem)


def _from_the_installation(cluster: Cluster, namespace: str) -> list[Found]:
    ref = ObjectRef("v1", "ConfigMap", namespace, "linkerd-config")
    obj = _read(cluster, ref)
    if isinstance(obj, str):
        return []
    bundle = parse_bundle(_installed_issuer(str((obj.get("data") or {}).get("values") or "")))
    return list(_of_bundle(Role.ISSUER, str(ref), bundle)) if bundle.certificates else []


def _installed_issuer(values: str) -> str:
    read = yaml.safe_load(values) or {}
    identity = (read.get("global") or read).get("identity") or {}
    return str(((identity.get("issuer") or {}).get("tls") or {}).get("crtPEM") or "")


def _complaint(cluster: Cluster, namespace: str) -> str | None:
    """What the identity service said last of an issuer that it was given and refused."""
    try:
        found = newest(told(cluster.events(namespace, source=IDENTITY)))
    except ClusterError:
        return None
    last = next((one for one in found if one.reason.startswith("Issuer")), None)
    refused = last is not None and last.reason in ("IssuerValidationFailed", "IssuerUpdateSkipped")
    return f"The identity service refused a new issuer at {last.last_at}: {last.message}" if last and refused else None


def _read(cluster: Cluster, ref: ObjectRef, missing: str | None = None) -> dict[str, Any] | str:
    """The object, or why there is none; raises what may pass, so that all is read again."""
    try:
        return cluster.object(ref)
    except Gone as error:
        return error.sentence if missing is None else missing
    except Refused as error:
        return error.sentence


def _instant(text: Any) -> datetime | None:
    return None if not text else datetime.fromisoformat(str(text))
