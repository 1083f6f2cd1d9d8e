"""Every kind that changes a cluster, asked for two targets: what of it is to be there while its window is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, NATIVE_SIDECAR, SKIP_INBOUND
from portal.mesh.objects import MANAGED
from portal.mesh.viz.names import labels_of
from portal.mesh.workloads import WorkloadRef
from portal.states import State
from portal.tickets.asking import Ask
from tests import world
from tests.workers import viz
from tests.workers.desk import EMOJI, Desk
from tests.workers.egress import DENY, give, isolate
from workers.cluster.practice_world import job

HERE, THERE = "emojivoto", "payments"
VOTING = WorkloadRef("deployment", HERE, "voting")
REPORT = WorkloadRef("cronjob", HERE, "nightly-report")
IMPORT = WorkloadRef("job", HERE, "import")
NAMESPACES = tuple(WorkloadRef("namespace", "", name) for name in (HERE, THERE))
LONG = timedelta(minutes=30)
POLICIES = ("networking.k8s.io/v1", "NetworkPolicy")


@dataclass(frozen=True)
class Sort:
    """One kind: what is asked, what it acts on, and whether the whole of it is there."""

    kind: str
    fields: dict[str, Any]
    targets: tuple[WorkloadRef, ...]
    is_there: Callable[[Desk, WorkloadRef], bool]
    namespace: str | None = HERE
    duration: timedelta | None = LONG
    prepare: Callable[[Desk], None] = field(default=lambda desk: None)

    def is_whole(self, desk: Desk) -> bool:
        """All that it asks for is there on each of its targets."""
        return all(self.is_there(desk, ref) for ref in self.targets)

    def ask(self, desk: Desk, *, renews: int | None = None, starts_at: datetime | None = None) -> int:
        """A ticket that only has to be carried out; its number."""
        before = None if renews is None else f"MD-{renews}"
        fields, place = dict(self.fields), self.namespace
        asked = Ask(self.kind, "practice", place, "a test", self.duration, fields, before, starts_at=starts_at)
        number = desk.submit(asked)
        desk.approve(number)
        return number

    def active(self, desk: Desk, **more: Any) -> int:
        """One whose window is open; its number."""
        number = self.ask(desk, **more)
        assert viz.carry(desk, number) is State.ACTIVE, (desk.problem(number), desk.ticket(number).progress)
        return number


def _skips(desk: Desk, ref: WorkloadRef) -> bool:
    return "7001" in desk.annotations(ref).get(SKIP_INBOUND, "")


def _says(key: str, value: str) -> Callable[[Desk, WorkloadRef], bool]:
    return lambda desk, ref: desk.annotations(ref).get(key) == value


def _has_policy(desk: Desk, ref: WorkloadRef) -> bool:
    return any(obj["metadata"]["name"] != DENY for obj in desk.practice.objects(*POLICIES, ref.name))


def _may_tap(desk: Desk, ref: WorkloadRef) -> bool:
    bindings = desk.practice.objects("rbac.authorization.k8s.io/v1", "RoleBinding", ref.name)
    return f"deployment/{viz.VIZ}/tap" in viz.names(desk) and any(MANAGED in labels_of(one) for one in bindings)


def _two_namespaces(desk: Desk) -> None:
    give(desk, THERE)


def _isolated(desk: Desk) -> None:
    _two_namespaces(desk)
    for namespace in (HERE, THERE):
        isolate(desk, namespace=namespace)


def _with_viz(desk: Desk) -> None:
    viz.equip(desk)
    _two_namespaces(desk)


def _jobs(desk: Desk) -> None:
    """Two whose proxy is an ordinary container."""
    old = {"metadata": {"annotations": {NATIVE_SIDECAR: "false"}}}
    desk.practice.apply_as("kubectl", REPORT, {"spec": {"jobTemplate": {"spec": {"template": old}}}})
    waiting = job(HERE, IMPORT.name)
    waiting["spec"]["template"]["metadata"]["annotations"] = {NATIVE_SIDECAR: "false"}
    waiting["spec"]["suspend"] = True
    desk.practice.create(waiting)
    desk.look()


BOTH = (EMOJI, VOTING)
NAMED = {"workloads": [str(ref) for ref in BOTH]}
PLACES = {"namespaces": [HERE, THERE]}
JOBS = (REPORT, IMPORT)
SORTS = {
    "skip-ports": Sort("encryption-exception", world.exception(**NAMED, inbound="7001"), BOTH, _skips),
    "disable-injection": Sort(
        "encryption-exception",
        world.exception(**NAMED, inbound="", mode="disable-injection"),
        BOTH,
        _says(INJECT, "disabled"),
    ),
    "debug-sidecar": Sort("debug-sidecar", NAMED, BOTH, _says(DEBUG_SIDECAR, "true")),
    "job-completion": Sort(
        "job-completion",
        {"jobs": [str(ref) for ref in JOBS], "way": "native-sidecar"},
        JOBS,
        _says(NATIVE_SIDECAR, "true"),
        duration=None,
        prepare=_jobs,
    ),
    "control-plane-egress": Sort(
        "control-plane-egress", PLACES, NAMESPACES, _has_policy, namespace=None, duration=None, prepare=_isolated
    ),
    "viz-enablement": Sort(
        "viz-enablement",
        {**PLACES, "subjects": viz.PEOPLE},
        NAMESPACES,
        _may_tap,
        namespace=None,
        prepare=_with_viz,
    ),
}
