"""Which pods are a workload's own, where labels and owners do not agree."""

from __future__ import annotations

from typing import Any

from workers.cluster.ownership import owned_by, owned_through


def thing(name: str, owner: tuple[str, str, str] | None = None, **labels: str) -> dict[str, Any]:
    """An object whose uid is its name; `owner` is (kind, name, uid) of its controller."""
    metadata: dict[str, Any] = {
        "name": name,
        "uid": name,
        "labels": {k.replace("_", "-"): v for k, v in labels.items()},
    }
    if owner is not None:
        kind, owner_name, uid = owner
        metadata["ownerReferences"] = [{"kind": kind, "name": owner_name, "uid": uid, "controller": True}]
    return {"metadata": metadata}


WEB = thing("web")
OURS = thing("web-1", ("Deployment", "web", "web"))
THEIRS = thing("other-1", ("Deployment", "other", "other"))


def names(objects: list[dict[str, Any]]) -> list[str]:
    return [obj["metadata"]["name"] for obj in objects]


def test_a_pod_counts_by_its_replica_sets_owner() -> None:
    pods = [
        thing("a", ("ReplicaSet", "web-1", "web-1")),
        thing("b", ("ReplicaSet", "other-1", "other-1")),
        thing("c"),
    ]
    assert names(owned_through(WEB, [OURS, THEIRS], pods)) == ["a"]


def test_a_pod_whose_replica_set_is_gone_counts_by_that_ones_name() -> None:
    pods = [
        thing("ours", ("ReplicaSet", "web-5", "gone"), pod_template_hash="5"),
        thing("theirs", ("ReplicaSet", "web-more-5", "gone-2"), pod_template_hash="5"),
        thing("unlabelled", ("ReplicaSet", "web-", "gone-3")),
        thing("other-kind", ("Rollout", "web-5", "gone-4"), pod_template_hash="5"),
    ]
    assert names(owned_through(WEB, [OURS], pods)) == ["ours"]


def test_a_workload_made_again_does_not_own_the_old_ones_pods() -> None:
    pods = [thing("old", ("StatefulSet", "web", "an-older-uid")), thing("new", ("StatefulSet", "web", "web"))]
    assert names(owned_by(WEB, pods)) == ["new"]
