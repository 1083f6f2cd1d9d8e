"""Whether the dashboard of a bundle may tap every namespace: by the ClusterRoleBindings that reach its account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portal.mesh.viz.names import DASHBOARD, TAP_GROUP, Object


def dashboard_may_tap(objects: Iterable[Object], namespace: str) -> bool:
    """True when a ClusterRoleBinding gives ServiceAccount `web` the verb `watch` on tap.linkerd.io.

    A ClusterRole that is not in the bundle is taken for one that does: nobody here can tell what is in it.
    """
    found = list(objects)
    roles = {obj["metadata"]["name"]: obj for obj in found if obj["kind"] == "ClusterRole"}
    bound = [obj for obj in found if obj["kind"] == "ClusterRoleBinding" and _reaches(obj, namespace)]
    return any(_taps(roles.get((obj.get("roleRef") or {}).get("name", ""))) for obj in bound)


def _reaches(binding: Mapping[str, Any], namespace: str) -> bool:
    accounts = {f"system:serviceaccount:{namespace}:{DASHBOARD}"}
    groups = {"system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"}
    for subject in binding.get("subjects") or []:
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "ServiceAccount" and (subject.get("namespace"), name) == (namespace, DASHBOARD):
            return True
        if (kind == "User" and name in accounts) or (kind == "Group" and name in groups):
            return True
    return False


def _taps(role: Mapping[str, Any] | None) -> bool:
    # What an aggregated role holds is decided in the cluster.
    if role is None or role.get("aggregationRule"):
        return True
    return any(
        {TAP_GROUP, "*"} & set(rule.get("apiGroups") or []) and {"watch", "*"} & set(rule.get("verbs") or [])
        for rule in role.get("rules") or []
    )
