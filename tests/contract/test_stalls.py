"""Rollouts that a quota holds up, as a real control plane tells of them: by a condition, and by Events alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.mesh.rollouts import rollout_of
from portal.mesh.stalls import stalls
from portal.mesh.workloads import WorkloadRef
from tests.contract.worlds import World, template, wait_until, workload
from workers.pod_events import refused_pods

pytestmark = pytest.mark.control_plane
TOLD = "exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0. Mend that"


def hindered(world: World, ref: WorkloadRef) -> list[str]:
    """What the rollout watcher would tell now."""
    obj = world.cluster.workload(ref)
    pods, rollout = world.cluster.pods(obj), rollout_of(obj)
    return stalls(obj, pods, rollout, datetime.now(UTC)) or refused_pods(world.cluster, obj, pods, rollout)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_pods_that_a_quota_refuses_are_told(real_world: World, kind: str) -> None:
    metadata = {"name": "none", "namespace": real_world.namespace}
    spec = {"hard": {"pods": "0"}}
    real_world.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec})
    ref = WorkloadRef(kind.lower(), real_world.namespace, "web")
    real_world.create(workload(kind, ref, template("web"), replicas=1))
    (told,) = wait_until(lambda: hindered(real_world, ref))
    assert told.startswith("New pods cannot be created: ")
    assert TOLD in told
