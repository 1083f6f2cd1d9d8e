"""What preflight finds before Viz is enabled for some namespaces: what forbids it, and what it would not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.mesh.findings import Finding, Severity
from portal.mesh.network import Labels
from portal.mesh.viz.bundle import Bundle
from portal.mesh.viz.names import Object, is_labelled
from portal.mesh.viz.network import METRICS_PORT, TAP_PORT, blocked
from portal.mesh.viz.presence import NOBODY, Presence

_TAP_ENABLED = "viz.linkerd.io/tap-enabled"
_DISABLE_TAP = "viz.linkerd.io/disable-tap"
_MOST_NAMED = 5


@dataclass(frozen=True)
class NamespaceScene:
    """A namespace that is to be looked at: raw Namespace, raw NetworkPolicies, its meshed workloads (name to the labels
    of their pods), what live tickets skip in it (`MD-7 skips inbound 8080 of deployment/web`), and how many of its
    meshed pods run that Viz has not made tappable."""

    namespace: Mapping[str, Any]
    policies: tuple[Mapping[str, Any], ...] = ()
    workloads: Mapping[str, Labels] = field(default_factory=dict)
    skips: tuple[str, ...] = ()
    older_pods: int = 0

    @property
    def name(self) -> str:
        """The namespace's name."""
        return str(self.namespace["metadata"]["name"])


@dataclass(frozen=True)
class VizScene:
    """A cluster as a request for Viz meets it.

    `problem` is why there is no bundle to install; `tenants` how many tenants the registry names on the cluster;
    `shared_dashboard` its words for a dashboard that may tap everything; `restart` whether the request asks for the
    restart that makes older pods tappable.
    """

    cluster: str
    namespaces: tuple[NamespaceScene, ...]
    bundle: Bundle | None = None
    problem: str | None = None
    tenants: int = 1
    shared_dashboard: str | None = None
    presence: Presence = NOBODY
    restart: bool = False


def is_older(pod: Mapping[str, Any]) -> bool:
    """Whether a pod lacks what the tap-injector adds when it is created, though its owner has not opted out."""
    annotations = pod["metadata"].get("annotations") or {}
    return annotations.get(_TAP_ENABLED) != "true" and annotations.get(_DISABLE_TAP) != "true"


def viz_findings(scene: VizScene) -> Iterator[Finding]:
    """What is found, what blocks first."""
    yield from _bundle(scene)
    yield from _foreign(scene)
    yield from _dashboard(scene)
    for one in scene.namespaces:
        yield from _namespace(scene, one)
    meaning = (
        "Whoever is named in this ticket can read tokens and cookies in them. The bundle can hide headers "
        "(tap.ignoreHeaders of its chart)."
    )
    yield _found(scene, Severity.WARNING, "tap-shows-headers", "Tap shows the headers of every request.", meaning)


def _found(scene: VizScene, severity: Severity, code: str, fact: str, meaning: str) -> Finding:
    return Finding(code, severity, f"viz/{scene.cluster}", fact, meaning)


def _bundle(scene: VizScene) -> Iterator[Finding]:
    if scene.problem:
        fact = f"The Viz bundle of {scene.cluster} cannot be used: {scene.problem}"
        meaning = "Nothing can be installed. Ask the platform operators to mend it and to apply the registry again."
        yield _found(scene, Severity.BLOCKING, "bundle-unusable", fact, meaning)
    elif scene.bundle is None:
        fact = f"The registry names no Viz bundle for {scene.cluster}."
        meaning = "There is nothing to install. Ask the platform operators to render one and name it in the registry."
        yield _found(scene, Severity.BLOCKING, "bundle-missing", fact, meaning)


def _foreign(scene: VizScene) -> Iterator[Finding]:
    if scene.presence:
        meaning = "Two cannot be in one cluster: they share the tap API and names of roles."
        fact = scene.presence.sentence(scene.cluster)
        yield _found(scene, Severity.BLOCKING, "foreign-viz", fact, meaning)


def _dashboard(scene: VizScene) -> Iterator[Finding]:
    if scene.bundle is None or not scene.bundle.open_dashboard:
        return
    fact = f"The dashboard of this bundle has no sign-in and may tap every namespace of {scene.cluster}."
    if scene.tenants > 1 and not scene.shared_dashboard:
        meaning = (
            f"{scene.tenants} tenants share the cluster. Ask the platform operators to render the bundle with "
            "dashboard.restrictPrivileges=true, or to say in the registry (shared_dashboard) that all may see all."
        )
        yield _found(scene, Severity.BLOCKING, "open-dashboard", fact, meaning)
    else:
        meaning = scene.shared_dashboard or "The cluster has one tenant alone."
        yield _found(scene, Severity.INFO, "open-dashboard", fact, meaning)


def dashboard_refusal(scene: VizScene) -> str | None:
    """Why the dashboard of this scene's bundle may not be installed now, in sentences; None where it may."""
    found = next((one for one in _dashboard(scene) if one.severity is Severity.BLOCKING), None)
    return f"{found.fact} {found.meaning}" if found else None


def _namespace(scene: VizScene, one: NamespaceScene) -> Iterator[Finding]:
    for sentence in one.skips:
        meaning = "Traffic on skipped ports bypasses the proxy: neither tap nor any page shows it."
        yield _found(scene, Severity.WARNING, "skipped-ports-hidden", f"In {one.name}, {sentence}.", meaning)
    yield from _opted_out(scene, one)
    yield from _policies(scene, one)
    if one.older_pods:
        yield _older(scene, one)


def _opted_out(scene: VizScene, one: NamespaceScene) -> Iterator[Finding]:
    if (one.namespace["metadata"].get("annotations") or {}).get(_DISABLE_TAP) == "true":
        fact = f"Namespace {one.name} has the annotation {_DISABLE_TAP}."
        meaning = "Its pods cannot be tapped, restarted or not; pages still show their metrics."
        yield _found(scene, Severity.WARNING, "tap-disabled", fact, meaning)


def _policies(scene: VizScene, one: NamespaceScene) -> Iterator[Finding]:
    viz = _viz_namespace(scene.bundle)
    for port, whose, lost in ((TAP_PORT, "tap", "tap and top"), (METRICS_PORT, "Prometheus", "metrics")):
        names = blocked(port, one.policies, one.workloads, viz)
        if names:
            more = f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else ""
            where = ", ".join(names[:_MOST_NAMED]) + more
            fact = f"Network policies of {one.name} admit nothing from {viz['metadata']['name']} on {port} to {where}."
            meaning = (
                f"{whose} of Viz cannot reach these proxies, so {lost} stay empty for them: allow ingress from "
                f"namespace {viz['metadata']['name']} on TCP {port} while the ticket is open."
            )
            yield _found(scene, Severity.WARNING, f"policy-blocks-{port}", fact, meaning)


def _viz_namespace(bundle: Bundle | None) -> Object:
    for obj in bundle.objects if bundle else ():
        if obj["kind"] == "Namespace" and is_labelled(obj):
            return obj
    return {"metadata": {"name": bundle.namespace if bundle else "linkerd-viz", "labels": {}}}


def _older(scene: VizScene, one: NamespaceScene) -> Finding:
    count = one.older_pods
    fact = f"{count} meshed pod{' runs' if count == 1 else 's run'} in {one.name} that Viz has not made tappable."
    if scene.restart:
        meaning = "This ticket restarts their workloads once Viz is ready, as it was asked to."
        return _found(scene, Severity.INFO, "older-pods", fact, meaning)
    meaning = (
        "Tap does not see pods from before Viz until they are restarted; metrics do. Ask with the restart, or restart "
        "what you want to tap yourself (kubectl rollout restart)."
    )
    return _found(scene, Severity.WARNING, "older-pods", fact, meaning)
