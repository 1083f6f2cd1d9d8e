"""What workers would have read of a cluster's posture, as rows: workloads, holes and counts that tests need."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.mesh.holes import Code
from portal.models import PostureCluster, PostureCount, PostureHole, PostureWorkload

CLUSTER, NAMESPACE = "practice", "emojivoto"
DETAILS: dict[Code, dict[str, Any]] = {
    Code.UNMESHED: {"values": [["why", "linkerd.io/inject is disabled"]], "pods": 2, "of": 2},
    Code.SKIP_INBOUND: {"ports": "8080", "pods": 2, "of": 2},
    Code.SKIP_OUTBOUND: {"ports": "443", "pods": 2, "of": 2},
    Code.DEBUG: {"pods": 2, "of": 2},
}
"""What workers would have written of each code, where a test does not say."""


def reading(session: Session, now: datetime, cluster: str = CLUSTER, **changes: Any) -> None:
    """A whole reading of a cluster, made just now; `changes` replace parts of it."""
    row: dict[str, Any] = {"cluster": cluster, "tried_at": now, "seen_at": now, "seconds": 1.5, "facts": {}}
    session.add(PostureCluster(**{**row, **changes}))
    session.flush()


def workload(session: Session, now: datetime, name: str, standing: str = "encrypted", **changes: Any) -> None:
    """One workload of emojivoto as its pods show it."""
    row: dict[str, Any] = {"cluster": CLUSTER, "namespace": NAMESPACE, "kind": "deployment", "name": name}
    seen = {"standing": standing, "pods": 2, "meshed_pods": 0 if standing == "unmeshed" else 2, "facts": {}}
    session.add(PostureWorkload(**{**row, **seen, "seen_at": now, **changes}))


def hole(session: Session, now: datetime, name: str, code: Code, **changes: Any) -> PostureHole:
    """A hole of a workload of emojivoto that nobody explains, seen for three days and made by kubectl."""
    since = now - timedelta(days=3)
    row: dict[str, Any] = {"cluster": CLUSTER, "namespace": NAMESPACE, "kind": "deployment", "name": name}
    made = {"made_by": "kubectl-edit", "made_at": since, "first_seen_at": since, "seen_at": now}
    found = PostureHole(
        **{
            **row,
            **made,
            "code": code,
            "detail": DETAILS.get(code, {}),
            "tickets": [],
            "unexplained_since": since,
            **changes,
        }
    )
    session.add(found)
    session.flush()
    return found


def count(session: Session, at: datetime, **numbers: Any) -> None:
    """How a cluster's workloads stood at one reading."""
    zero = {"encrypted": 0, "partly": 0, "unmeshed": 0, "holes": 0, "unexplained": 0}
    session.add(PostureCount(cluster=numbers.pop("cluster", CLUSTER), at=at, **{**zero, **numbers}))
