"""For tests of Viz on the practice cluster: its bundle, tickets of two tenants, and what the whole cluster holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.mesh.objects import ObjectRef
from portal.mesh.viz.bundle import Bundle, read_bundle
from portal.mesh.workloads import WorkloadRef
from portal.models import Target, Ticket, TicketTarget, VizBundle
from portal.states import State
from portal.tickets import asking, ending
from tests.contract.worlds import namespace
from tests.unit.viz.bundles import objects, text
from tests.unit.viz.bundles import practice as practice_bundle
from tests.workers.desk import SHORTEST, Desk
from workers.apply import apply
from workers.cluster.practice_store import key_of
from workers.cluster.protocol import Object
from workers.context import Context, Spot
from workers.converge import spot_of
from workers.undo import undo

HERE, THERE = "emojivoto", "bookstore"
VIZ = "linkerd-viz"
HOUR = timedelta(hours=1)
NAMESPACE = ObjectRef("v1", "Namespace", "", VIZ)
API = ObjectRef("apiregistration.k8s.io/v1", "APIService", "", "v1alpha1.tap.linkerd.io")
HOOK = ObjectRef(
    "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "", "linkerd-tap-injector-webhook-config"
)
SECRET = ObjectRef("v1", "Secret", VIZ, "tap-k8s-tls")
ROUNDS = 30
# One of each sort, so that every stage has something: what is alike in the whole bundle would only take longer.
KEPT = {
    "Namespace": ("linkerd-viz",),
    "Secret": ("tap-k8s-tls", "tap-injector-k8s-tls"),
    "ClusterRole": ("linkerd-linkerd-viz-tap-admin",),
    "ClusterRoleBinding": ("linkerd-linkerd-viz-tap",),
    "RoleBinding": ("linkerd-linkerd-viz-tap-auth-reader",),
    "Server": ("tap-api",),
    "Service": ("tap", "tap-injector"),
    "Deployment": ("tap", "tap-injector"),
    "APIService": ("v1alpha1.tap.linkerd.io",),
    "MutatingWebhookConfiguration": ("linkerd-tap-injector-webhook-config",),
}
PEOPLE: list[dict[str, str]] = [{"kind": "User", "name": "ada@example.com"}]


def equip(desk: Desk, bundle: Bundle | None = None, **more: Any) -> None:
    """Name a bundle for the practice cluster, as the registry would; pods there are ready at once."""
    row = viz_bundle(bundle or practice_bundle())
    for name, value in more.items():
        setattr(row, name, value)
    with desk.database.unit_of_work() as session:
        session.add(row)
    # The registry of these tests knows it, the practice cluster not yet.
    desk.practice.create(namespace(THERE))
    desk.look()


def viz_bundle(content: Bundle) -> VizBundle:
    """The row that names this bundle for the practice cluster."""
    return VizBundle(
        cluster="practice",
        source={"bundle": "viz.yaml"},
        objects=list(content.objects),
        namespace=content.namespace,
        digest=content.digest,
        open_dashboard=content.open_dashboard,
        checked_at=datetime.now(UTC),
    )


def small() -> Bundle:
    """A part of the practice bundle, with something for every stage."""
    kept = [one for one in objects() if one["metadata"]["name"] in KEPT.get(one["kind"], ())]
    return read_bundle({"viz.yaml": text(kept)})


def ask(
    desk: Desk,
    *namespaces: str,
    who: str = "member",
    duration: timedelta = HOUR,
    renews: str | None = None,
    **fields: Any,
) -> int:
    """A pending ticket; its number."""
    wanted = {"namespaces": list(namespaces or (HERE,)), "subjects": PEOPLE, **fields}
    made = asking.Ask("viz-enablement", "practice", None, "a test", duration, wanted, renews)
    with desk.acting(who) as (session, member):
        return asking.submit(session, made, by=member, now=datetime.now(UTC), shortest=SHORTEST).id


def approved(desk: Desk, *namespaces: str, who: str = "member", **more: Any) -> int:
    """One that only has to be carried out; its number."""
    number = ask(desk, *namespaces, who=who, **more)
    desk.preflight(number)
    desk.decide(number, "partner" if who == "member" else "outsider_partner")
    return number


def carry(desk: Desk, number: int, *, by: Context | None = None) -> State:
    """Apply it until it is no longer being applied."""
    for _ in range(ROUNDS):
        if desk.state(number) not in (State.APPROVED, State.APPLYING):
            break
        apply(by or desk.context, number)
    return desk.state(number)


def active(desk: Desk, *namespaces: str, **more: Any) -> int:
    """One whose window is open; its number."""
    number = approved(desk, *namespaces, **more)
    assert carry(desk, number) is State.ACTIVE, (desk.ticket(number).problem, desk.ticket(number).progress)
    return number


def finish(desk: Desk, number: int, *, by: Context | None = None) -> State:
    """Undo it until it is closed."""
    for _ in range(ROUNDS):
        if desk.state(number) is not State.REVERTING:
            break
        undo(by or desk.context, number)
    return desk.state(number)


def close(desk: Desk, number: int, *, who: str = "member") -> State:
    """Release and undo."""
    release(desk, number, who=who)
    return finish(desk, number)


def release(desk: Desk, number: int, *, who: str = "member") -> None:
    """The word of whoever asked that it is needed no longer."""
    with desk.acting(who) as (session, member):
        ending.release(session, number, reason="done", by=member, now=datetime.now(UTC))


def lapse(desk: Desk, number: int) -> None:
    """Let the time pass after which another worker may take the ticket and its targets."""
    desk.lapse_lease(number)
    with desk.database.unit_of_work() as session:
        for target in session.query(Target):
            target.claim_token = target.claim_until = None


def everything(desk: Desk) -> dict[str, Object]:
    """Every object of the cluster that somebody wrote: no pods, ReplicaSets, Events and what has a status alone."""
    # What was due happens with a call that is answered; one that ends with Gone leaves the file as it was.
    list(desk.practice.namespaces())
    return {key: obj for key, obj in _all(desk) if obj["kind"] not in ("Pod", "ReplicaSet", "Event")}


def _all(desk: Desk) -> Iterator[tuple[str, Object]]:
    with desk.practice._store.transaction() as store:  # nothing else sees every kind
        for (body,) in store._connection.execute("SELECT body FROM object ORDER BY kind, namespace, name"):
            obj = json.loads(body)
            yield "/".join(key_of(obj)), obj


def names(desk: Desk) -> set[str]:
    """The names of everything."""
    return set(everything(desk))


def there(desk: Desk, ref: ObjectRef) -> Object:
    """An object as it is."""
    return desk.practice.object(ref)


def spot(desk: Desk, kind: str = "viz") -> Spot:
    """Where the target of this kind is."""
    with desk.database.reading() as session:
        return spot_of(session.query(Target).filter_by(kind=kind).order_by(Target.id).first())  # type: ignore[arg-type]


def link(desk: Desk, number: int, kind: str = "viz") -> TicketTarget:
    """A ticket's link to its target of this kind."""
    return next(one for one in desk.ticket(number).targets if one.target.kind == kind)


def ref(namespace: str, name: str) -> WorkloadRef:
    """A Deployment."""
    return WorkloadRef("deployment", namespace, name)


def outlive(desk: Desk, number: int, **more: float) -> None:
    """Let a ticket have begun so long ago."""
    with desk.database.unit_of_work() as session:
        ticket = session.get_one(Ticket, number)
        for name in ("writing_from", "active_from"):
            setattr(ticket, name, datetime.now(UTC) - timedelta(**more))


def small_label(ref: ObjectRef) -> dict[str, str]:
    """The metadata of an object of somebody's own."""
    return {"name": ref.name, "namespace": ref.namespace}


def expires(desk: Desk, number: int) -> datetime:
    """The end of a window, to the second."""
    end = desk.ticket(number).expires_at
    assert end is not None
    return end.replace(microsecond=0)
