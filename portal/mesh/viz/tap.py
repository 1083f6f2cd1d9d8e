"""Who may tap what: the RBAC objects of one ticket in each of its namespaces, and the commands that then work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from portal.mesh.commands import Command
from portal.mesh.dashboards import address
from portal.mesh.viz.names import Object
from portal.mesh.workloads import WorkloadRef

_RBAC = "rbac.authorization.k8s.io"
_API_ADDRESS = "localhost:8085"


@dataclass(frozen=True, order=True)
class Subject:
    """Who may tap, by the name that the cluster's sign-in gives: a user or a group."""

    kind: Literal["User", "Group"]
    name: str

    def to_json(self) -> dict[str, str]:
        """A JSON-safe dict."""
        return asdict(self)


def tap_admin(viz_namespace: str) -> str:
    """The ClusterRole of Viz that allows to tap."""
    return f"linkerd-{viz_namespace}-tap-admin"


def tap_objects(ref: str, namespace: str, viz_namespace: str, subjects: Sequence[Subject]) -> list[Object]:
    """What lets these people tap one namespace for one ticket (`MD-142`): a RoleBinding there to Viz's own ClusterRole,
    and a Role with its RoleBinding in Viz's namespace that allows to GET that namespace, which the CLI does first.

    No port-forward: RBAC cannot confine it to the pods of metrics-api, whose names change, and the dashboard and
    Prometheus beside them know no tenants. `tap` and `top` call the API server alone when `--api-addr` is given.
    """
    name = f"meshdesk-{ref.lower()}-tap"
    in_viz = f"{name}-{namespace}"
    who = [{"apiGroup": _RBAC, "kind": one.kind, "name": one.name} for one in sorted(set(subjects))]
    rule = {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": [viz_namespace], "verbs": ["get"]}
    return [
        _binding((name, namespace), ("ClusterRole", tap_admin(viz_namespace)), who),
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "Role",
            "metadata": {"name": in_viz, "namespace": viz_namespace},
            "rules": [rule],
        },
        _binding((in_viz, viz_namespace), ("Role", in_viz), who),
    ]


def _binding(place: tuple[str, str], role: tuple[str, str], who: list[dict[str, str]]) -> Object:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": place[0], "namespace": place[1]},
        "roleRef": {"apiGroup": _RBAC, "kind": role[0], "name": role[1]},
        "subjects": [dict(one) for one in who],
    }


def commands(
    namespaces: Sequence[str], workloads: Sequence[WorkloadRef], *, viz_namespace: str, console: str | None
) -> list[Command]:
    """How to look at these namespaces, and at these workloads of theirs: console pages, then `top` and `tap`.

    `console` is the address of the cluster's Grafana with Linkerd's dashboards, None where the registry names none.
    The flags are those of `linkerd viz tap` since 2.15 (viz/cmd/tap.go, root.go of linkerd2).
    """
    return [
        *_pages(namespaces, workloads, console),
        *_lines("top", "live requests, added up", namespaces, workloads, viz_namespace),
        *_lines("tap", "live requests, one by one (-o json shows their headers)", namespaces, workloads, viz_namespace),
    ]


def _lines(
    verb: str, words: str, namespaces: Sequence[str], workloads: Sequence[WorkloadRef], viz_namespace: str
) -> Iterator[Command]:
    # Without the address the CLI would forward a port to metrics-api, which neither verb then calls.
    flags = f"--viz-namespace {viz_namespace} --api-addr {_API_ADDRESS}"
    for name in namespaces:
        yield Command(f"{verb.capitalize()} of {name}: {words}", f"linkerd viz {verb} namespace/{name} {flags}")
    for ref in workloads:
        target = f"{ref.kind}/{ref.name} -n {ref.namespace}"
        title = f"{verb.capitalize()} of {ref} in {ref.namespace}: {words}"
        yield Command(title, f"linkerd viz {verb} {target} {flags}")


def _pages(namespaces: Sequence[str], workloads: Sequence[WorkloadRef], console: str | None) -> Iterator[Command]:
    if not console:
        sentence = "The registry names no monitoring console for this cluster: ask the platform operators for it."
        yield Command("Monitoring console", sentence)
        return
    for name in namespaces:
        top_line = address(console, "linkerd-top-line", {"namespace": name})
        yield Command(f"Top line of {name}: success rate, requests and latency", top_line)
        if not any(ref.namespace == name for ref in workloads):
            detail = address(console, "linkerd-deployment", {"namespace": name})
            yield Command(f"Deployment detail in {name}: choose one there", detail)
    for ref in workloads:
        detail = address(console, f"linkerd-{ref.kind}", {ref.kind: ref.name, "namespace": ref.namespace})
        yield Command(f"{ref.kind.capitalize()} detail of {ref.name} in {ref.namespace}", detail)
