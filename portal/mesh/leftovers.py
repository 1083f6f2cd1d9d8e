"""What of old windows and old control planes a running pod still has: it is told, and asks for no ticket. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from portal.mesh.annotations import MeshDefaults, is_true
from portal.mesh.holes import Code
from portal.mesh.pods import PROXY_VERSION
from portal.mesh.versions import LinkerdVersion
from portal.mesh.weakness import Weakness

TAP_ENABLED = "viz.linkerd.io/tap-enabled"
TRUST_ROOT = "linkerd.io/trust-root-sha256"
_OWN_VERSION = "config.linkerd.io/proxy-version"


def leftovers(
    pod: Mapping[str, Any], defaults: MeshDefaults, root: str | None, viz_since: datetime | None
) -> Iterator[Weakness]:
    """What of a meshed pod is left of something that is over."""
    metadata = pod.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if is_true(str(annotations.get(TAP_ENABLED, ""))) and (why := _untappable(metadata, viz_since)):
        yield Weakness(Code.TAP_LEFT, TAP_ENABLED, why)
    if root is not None and annotations.get(TRUST_ROOT, root) != root:
        yield Weakness(Code.STALE_ROOT, TRUST_ROOT, str(annotations[TRUST_ROOT]))
    version = annotations.get(PROXY_VERSION)
    # A version of the workload's own is a hole by itself.
    if version and _OWN_VERSION not in annotations and _is_another(str(version), defaults.version):
        yield Weakness(Code.OLD_PROXY, PROXY_VERSION, str(version))


def _untappable(metadata: Mapping[str, Any], viz_since: datetime | None) -> str:
    if viz_since is None:
        return "there is no Viz on the cluster"
    made = instant(metadata.get("creationTimestamp"))
    return "the pods are older than the Viz that is there" if made is not None and made < viz_since else ""


def _is_another(version: str, expected: str | None) -> bool:
    if expected is None or version == expected:
        return False
    shown, wanted = LinkerdVersion.parse(version), LinkerdVersion.parse(expected)
    if shown is None or wanted is None or (shown.edge is None) == (wanted.edge is None):
        return True
    # An edge beside a release 2.x: the two are compared by what they bring.
    return shown.release != wanted.release


def instant(text: Any) -> datetime | None:
    """A time as an API server writes it; None where there is none."""
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")) if text else None
