"""Who manages a workload and the annotations that a ticket changes: by managedFields, and by the marks of tools on it.

Preflight asks it, so that people know before the change whether a controller will take it back. What is found is in
owner_findings.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.workloads import template_path

Object = Mapping[str, Any]

ARGO_CD, FLUX, FLEET, HELM, KUBECTL, TERRAFORM = "Argo CD", "Flux", "Fleet", "Helm", "kubectl", "Terraform"
GITOPS = (ARGO_CD, FLUX, FLEET)
# Field managers by how their names begin; the first that fits counts: helm-controller is Flux's.
_MANAGERS = (
    ("argocd", ARGO_CD),
    ("kustomize-controller", FLUX),
    ("helm-controller", FLUX),
    ("fleetagent", FLEET),
    ("helm", HELM),
    ("kubectl", KUBECTL),
    ("terraform", TERRAFORM),
    ("hashicorp", TERRAFORM),
    ("pulumi", "Pulumi"),
)
# They write counts and status, or are us: no owner of a template.
_NOBODY = ("meshdesk", "kube-controller-manager", "kubelet", "before-first-apply")
_TRACKING, _ARGO_LABEL, _INSTANCE = (
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/instance",
    "app.kubernetes.io/instance",
)
_ARGO_OPTIONS = "argocd.argoproj.io/sync-options"
_KUSTOMIZE, _HELM_RELEASE = "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"
_FLUX_OFF = {f"{_KUSTOMIZE}/reconcile": "disabled", f"{_KUSTOMIZE}/ssa": "Ignore"}
_BY_HELM = "HelmRelease"
_RELEASE = "meta.helm.sh/release-name"


@dataclass(frozen=True)
class Owner:
    """One tool that manages the workload.

    `what` is the thing of the tool that does (`Application emojivoto`), "" where nothing says; `keys` those of the
    asked annotations that are its own; `replaces` says that it writes the whole object anew each time, `rests` that it
    was told to leave this object alone.
    """

    tool: str
    what: str = ""
    managers: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    replaces: bool = False
    rests: bool = False

    @property
    def gitops(self) -> bool:
        """Whether it writes by itself what is in Git."""
        return self.tool in GITOPS

    @property
    def fights(self) -> bool:
        """Whether it takes the change back by itself."""
        return self.gitops and not self.rests and bool(self.keys or self.replaces)

    def __str__(self) -> str:
        return f"{self.tool} ({self.what})" if self.what else self.tool

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict, for evidence."""
        own = {"tool": self.tool, "what": self.what, "managers": list(self.managers), "owns": list(self.keys)}
        return {**own, "gitops": self.gitops, "fights": self.fights}


def owners(obj: Object, keys: Iterable[str]) -> list[Owner]:
    """The tools that own one of these annotations of the pod template or the template itself, GitOps first."""
    wanted, marks = tuple(keys), _marks(obj)
    managers: dict[str, list[tuple[str, list[str]]]] = {tool: [] for tool in marks}
    for name, mine in _by_manager(obj, wanted):
        managers.setdefault(_tool(name), []).append((name, mine))
    if marks.get(FLUX, "").startswith(_BY_HELM):
        # A release of Flux carries Helm's own marks too: Helm is only how Flux writes.
        managers.pop(HELM, None)
    found = [_owner(obj, tool, entries, wanted) for tool, entries in managers.items()]
    return sorted(found, key=lambda one: not one.gitops)


def _owner(obj: Object, tool: str, entries: list[tuple[str, list[str]]], wanted: tuple[str, ...]) -> Owner:
    owned, annotations = {key for _, mine in entries for key in mine}, _annotations(obj)
    return Owner(
        tool,
        _marks(obj).get(tool, ""),
        tuple(dict.fromkeys(name for name, _ in entries)),
        tuple(key for key in wanted if key in owned),
        replaces=tool == ARGO_CD and "Replace=true" in annotations.get(_ARGO_OPTIONS, ""),
        rests=tool == FLUX and any(annotations.get(key) == value for key, value in _FLUX_OFF.items()),
    )


def _by_manager(obj: Object, keys: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    path = [f"f:{step}" for step in template_path(str(obj.get("kind", "")).lower())]
    for entry in (obj.get("metadata") or {}).get("managedFields") or []:
        name, fields = str(entry.get("manager", "unknown")), entry.get("fieldsV1") or {}
        if name.startswith(_NOBODY) or entry.get("subresource"):
            continue
        mine = [key for key in keys if _owns(fields, [*path, f"f:{key}"])]
        # Of a template its containers are what a tool brings; a restart by hand writes one annotation.
        if mine or _owns(fields, [*path[:-2], "f:spec"]):
            yield name, mine


def _owns(fields: Any, path: list[str]) -> bool:
    # Whoever owns a map without its keys (`f:annotations: {}`) leaves alone what others put into it.
    node = fields
    for step in path:
        if not isinstance(node, Mapping) or step not in node:
            return False
        node = node[step]
    return True


def _tool(manager: str) -> str:
    low = manager.lower()
    return next((tool for start, tool in _MANAGERS if low.startswith(start)), manager)


def _marks(obj: Object) -> dict[str, str]:
    """The tools that left a mark on the object, and which of their things it names."""
    annotations, labels = _annotations(obj), (obj.get("metadata") or {}).get("labels") or {}
    found: dict[str, str] = {}
    if _TRACKING in annotations:
        found[ARGO_CD] = f"Application {annotations[_TRACKING].partition(':')[0]}"
    elif _ARGO_LABEL in labels:
        found[ARGO_CD] = f"Application {labels[_ARGO_LABEL]}"
    elif _INSTANCE in labels and any(_tool(name) == ARGO_CD for name in _manager_names(obj)):
        # Many tools write this label; it names an Application only where Argo CD writes the object.
        found[ARGO_CD] = f"Application {labels[_INSTANCE]}"
    for prefix, what in ((_KUSTOMIZE, "Kustomization"), (_HELM_RELEASE, _BY_HELM)):
        if name := labels.get(f"{prefix}/name"):
            found[FLUX] = f"{what} {labels.get(f'{prefix}/namespace', '')}/{name}"
    if _RELEASE in annotations:
        found[HELM] = f"release {annotations[_RELEASE]}"
    return found


def _manager_names(obj: Object) -> list[str]:
    return [str(one.get("manager", "")) for one in (obj.get("metadata") or {}).get("managedFields") or []]


def _annotations(obj: Object) -> dict[str, str]:
    return dict((obj.get("metadata") or {}).get("annotations") or {})
