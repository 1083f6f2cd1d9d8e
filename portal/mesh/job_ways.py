"""What lets a meshed Job end, with the Linkerd and Kubernetes of its cluster: each way, whether it fits, and why.

job_manifests.py writes the manifest of a way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.annotations import (
    ADMIN_SHUTDOWN,
    INJECT,
    NATIVE_SIDECAR,
    NATIVE_SIDECAR_ALPHA,
    NATIVE_SIDECAR_BETA,
    MeshDefaults,
    effective,
    effective_inject,
    is_set,
)
from portal.mesh.jobs import runs_debug, runs_native
from portal.mesh.versions import Feature, KubernetesVersion, LinkerdVersion
from portal.mesh.workloads import template_annotations

NATIVE, SHUTDOWN, NO_PROXY = "native-sidecar", "shutdown", "no-proxy"
WAYS = (NATIVE, SHUTDOWN, NO_PROXY)
_NOTHING: frozenset[str] = frozenset()
_ON = ("enabled", "ingress")
_DEBUG_FIRST = (
    "Its debug container never ends, whatever the proxy does: take it off the pod template or namespace first."
)
_LOSES = (
    "Its pods run without the proxy: the mesh neither encrypts their traffic nor gives them an identity, so "
    "destinations that ask for one refuse them. It is decided like an encryption exception."
)


@dataclass(frozen=True)
class Way:
    """One way: `settings` are the annotation keys to set on the pod template, each to its value in SETTINGS."""

    name: str
    fits: bool
    why: str
    settings: frozenset[str] = _NOTHING

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict."""
        return {"name": self.name, "fits": self.fits, "why": self.why, "settings": sorted(self.settings)}


def offers(obj: Mapping[str, Any], mesh: MeshDefaults, around: Mapping[str, str] | None = None) -> list[Way]:
    """All ways for this Job or CronJob, those that do not fit with the reason; `around` has its namespace's
    annotations."""
    near = around or {}
    return [_native(obj, mesh, near), _shutdown(obj, mesh, near), _no_proxy(obj, near)]


def way_named(name: str, offered: list[Way]) -> Way:
    """The way of this name; raises ValueError when it is none, or does not fit, with the reason."""
    found = next((way for way in offered if way.name == name), None)
    if found is None:
        raise ValueError(f'There is no way "{name}": choose {", ".join(WAYS)}.')
    if not found.fits:
        raise ValueError(found.why)
    return found


def native_key(version: LinkerdVersion) -> str | None:
    """The strongest key for native sidecars that this version reads; None where it reads none."""
    keys = {
        Feature.NATIVE_GA: NATIVE_SIDECAR,
        Feature.NATIVE_BETA: NATIVE_SIDECAR_BETA,
        Feature.NATIVE_ALPHA: NATIVE_SIDECAR_ALPHA,
    }
    return next((key for feature, key in keys.items() if version.has(feature)), None)


def _unknown(mesh: MeshDefaults) -> str:
    return (
        f'The control plane reports version "{mesh.version or "nothing"}", which Meshdesk does not know, so what it '
        "offers is not guessed: ask your platform operators."
    )


def _native(obj: Mapping[str, Any], mesh: MeshDefaults, around: Mapping[str, str]) -> Way:
    version = LinkerdVersion.parse(mesh.version)
    if version is None:
        return Way(NATIVE, False, _unknown(mesh))
    key = native_key(version)
    if key is None:
        return Way(NATIVE, False, f"Linkerd {version} knows no native sidecars (2.15 and later do): use {SHUTDOWN}.")
    if refusal := _kubernetes_refusal(mesh) or (_DEBUG_FIRST if runs_debug(obj, mesh, around) else None):
        return Way(NATIVE, False, refusal)
    if runs_native(obj, mesh, around):
        why = "New pods get a native sidecar already: delete the pods that are kept, or create the Job again."
        return Way(NATIVE, False, why)
    why = f"With {key} the proxy of new pods is a native sidecar, which ends by itself when the Job's containers have."
    return Way(NATIVE, True, why, frozenset({key}))


def _kubernetes_refusal(mesh: MeshDefaults) -> str | None:
    kubernetes = KubernetesVersion.parse(mesh.kubernetes)
    if kubernetes is None:
        said = mesh.kubernetes or "nothing"
        return f'The API server reports version "{said}", so it is not known whether it has native sidecars (1.29 has).'
    if not kubernetes.native_sidecars:
        return f"Kubernetes {kubernetes} has no native sidecars: with one, the pods would never start (1.29 has them)."
    return None


def _shutdown(obj: Mapping[str, Any], mesh: MeshDefaults, around: Mapping[str, str]) -> Way:
    version = LinkerdVersion.parse(mesh.version)
    if version is None:
        return Way(SHUTDOWN, False, _unknown(mesh))
    if refusal := _shutdown_refusal(obj, version, mesh, around):
        return Way(SHUTDOWN, False, refusal)
    what = "The Job calls the proxy's shutdown endpoint at its end; its manifest must say so."
    if not version.has(Feature.SHUTDOWN_DISABLED_BY_DEFAULT):
        return Way(SHUTDOWN, True, f"{what} With Linkerd {version} the endpoint is always on.")
    now = effective(ADMIN_SHUTDOWN, template_annotations(obj), around, mesh)
    if is_set(ADMIN_SHUTDOWN, now.value):
        return Way(SHUTDOWN, True, f"{what} The endpoint is on already ({now.source}).")
    # linkerd-await does not look at the reply: without the annotation the Job would hang as before, without a word.
    why = f"{what} With Linkerd {version} the endpoint is off, also for linkerd-await, unless {ADMIN_SHUTDOWN} is set."
    return Way(SHUTDOWN, True, why, frozenset({ADMIN_SHUTDOWN}))


def _shutdown_refusal(
    obj: Mapping[str, Any], version: LinkerdVersion, mesh: MeshDefaults, around: Mapping[str, str]
) -> str | None:
    if not version.has(Feature.SHUTDOWN_ENDPOINT):
        return f"The proxy of Linkerd {version} has no shutdown endpoint (2.10 and later have)."
    if runs_debug(obj, mesh, around):
        return _DEBUG_FIRST
    if runs_native(obj, mesh, around):
        return "New pods get a native sidecar, which ends by itself: nothing has to be called."
    return None


def _no_proxy(obj: Mapping[str, Any], around: Mapping[str, str]) -> Way:
    now = effective_inject(template_annotations(obj), around)
    if now.value not in _ON:
        why = "New pods get no proxy already: delete the pods that are kept, or create the Job again."
        return Way(NO_PROXY, False, why)
    return Way(NO_PROXY, True, _LOSES, frozenset({INJECT}))
