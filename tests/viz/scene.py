"""A desk on the real control plane: tenants with workloads, tickets for Viz, and what the whole cluster holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from portal import queries
from portal.config import Config
from portal.db import Database
from portal.errors import Gone
from portal.mesh.objects import ObjectRef
from portal.mesh.viz.bundle import Bundle
from portal.mesh.viz.names import SELECTOR
from portal.mesh.viz.order import LABELLED
from portal.mesh.workloads import WorkloadRef
from portal.models import (
    Cluster,
    Evidence,
    Membership,
    Namespace,
    Person,
    Role,
    Target,
    Tenant,
    Ticket,
    VizBundle,
)
from portal.states import State
from portal.tickets import asking, ending
from tests import world
from tests.contract.real_world import RBAC_FILE, VIZ_RBAC_FILE, as_user, grant_file, may_install
from tests.contract.worlds import namespace, settled, template, wait_until, workload
from tests.controlplane.harness import ControlPlane
from tests.controlplane.tap import Tap
from tests.viz.passing import Passing
from workers.apply import apply
from workers.cluster.protocol import Object
from workers.context import Context
from workers.inventory import refresh
from workers.preflight import preflight
from workers.undo import undo

USER = "meshdesk-viz"
HOUR = timedelta(hours=1)
PATIENCE = 40.0
# Whoever runs and has no owner is there before and after; what Kubernetes itself keeps changes without us.
KINDS = tuple(pair for pair in LABELLED if pair[1] != "Pod")


class RealDesk:
    """Two tenants with a namespace each, and workers with the rights of both files of deploy/ and no others."""

    def __init__(self, plane: ControlPlane, tap: Tap, database: Database, name: str) -> None:
        self.plane, self.tap, self.database = plane, tap, database
        for path in (RBAC_FILE, VIZ_RBAC_FILE):
            grant_file(plane, USER, path=path)
        self.cluster = as_user(plane, USER)
        wait_until(lambda: may_install(self.cluster))
        self.context = self.worker()
        self.emojis, self.books = f"{name}-emojis", f"{name}-books"
        for one in (self.emojis, self.books):
            plane.client.apply(namespace(one))
            wait_until(lambda one=one: plane.client.list("ServiceAccount", one))  # type: ignore[misc]
            ref = WorkloadRef("deployment", one, "web")
            plane.client.apply(workload("Deployment", ref, template("web"), replicas=2))
            settled(self.cluster, ref)
        self._register()
        refresh(self.context, "practice")

    def worker(self, cluster: Any = None, database: Any = None, **settings: Any) -> Context:
        """A worker that reaches cluster and database through these doors."""
        config = Config(**{"lease": timedelta(seconds=15), **settings})
        return Context(config, database or self.database, lambda _: cluster or self.cluster)

    def _register(self) -> None:
        with self.database.unit_of_work() as session:
            session.add(Cluster(name="practice", environment="sandbox", console="https://grafana.example.com"))
            tenants = {name: Tenant(name=name, title=name.title()) for name in ("emojis", "books")}
            session.add_all(tenants.values())
            session.flush()
            for tenant, person, place in (("emojis", "member", self.emojis), ("books", "outsider", self.books)):
                session.add(Namespace(cluster="practice", name=place, tenant_id=tenants[tenant].id))
                one = Person(name=person, title=person)
                session.add(one)
                session.flush()
                session.add(Membership(person_id=one.id, tenant_id=tenants[tenant].id, role=Role.MEMBER))
            auditor = Person(name="auditor", title="auditor")
            session.add(auditor)
            session.flush()
            session.add(Membership(person_id=auditor.id, tenant_id=None, role=Role.AUDITOR))

    def equip(self, bundle: Bundle) -> None:
        """Name the bundle of the cluster, as the registry would."""
        row = VizBundle(
            cluster="practice",
            source={"bundle": "viz.yaml"},
            objects=list(bundle.objects),
            namespace=bundle.namespace,
            digest=bundle.digest,
            open_dashboard=bundle.open_dashboard,
            shared_dashboard="All tenants of this test may see each other." if bundle.open_dashboard else None,
            checked_at=datetime.now(UTC),
        )
        with self.database.unit_of_work() as session:
            session.add(row)

    def ask(self, *, who: str = "member", duration: timedelta = HOUR, **fields: Any) -> int:
        """A ticket that the policy has approved; its number."""
        place = self.emojis if who == "member" else self.books
        wanted = {"namespaces": [place], "subjects": [{"kind": "User", "name": f"{who}@example.com"}], **fields}
        made = asking.Ask("viz-enablement", "practice", None, "a test", duration, wanted)
        with self.database.unit_of_work() as session:
            actor = world.actor(session, who)
            shortest = timedelta(seconds=1)
            number = asking.submit(session, made, by=actor, now=datetime.now(UTC), shortest=shortest).id
        preflight(self.context, number)
        assert self.state(number) is State.APPROVED, self.evidence(number, "preflight")["findings"]
        return number

    def carry(self, number: int, *, by: Context | None = None) -> State:
        """Apply it until it is no longer being applied."""

        def over() -> bool:
            if self.state(number) in (State.APPROVED, State.APPLYING):
                apply(by or self.context, number)
            return self.state(number) not in (State.APPROVED, State.APPLYING)

        wait_until(over, seconds=PATIENCE)
        return self.state(number)

    def active(self, **more: Any) -> int:
        """A ticket whose window is open; its number."""
        number = self.ask(**more)
        assert self.carry(number) is State.ACTIVE, (self.ticket(number).problem, self.ticket(number).end_reason)
        return number

    def release(self, number: int, *, who: str = "member") -> None:
        """It is needed no longer."""
        with self.database.unit_of_work() as session:
            by = world.actor(session, who)
            ending.release(session, number, reason="done", by=by, now=datetime.now(UTC))

    def finish(self, number: int, *, by: Context | None = None) -> State:
        """Undo it until it is closed."""

        def over() -> bool:
            if self.state(number) is State.REVERTING:
                undo(by or self.context, number)
            return self.state(number) is State.CLOSED

        wait_until(over, seconds=PATIENCE)
        return self.state(number)

    def lapse(self, number: int) -> None:
        """Let the time pass after which another worker may take the ticket and its targets."""
        with self.database.unit_of_work() as session:
            session.get_one(Ticket, number).claim_until = datetime.now(UTC) - timedelta(seconds=1)
            for target in session.query(Target):
                target.claim_token = target.claim_until = None

    def ticket(self, number: int) -> Ticket:
        """The ticket as an auditor reads it."""
        with self.database.reading() as session:
            return queries.ticket(session, number, by=world.actor(session, "auditor"))

    def state(self, number: int) -> State:
        """Its state."""
        return self.ticket(number).state

    def evidence(self, number: int, kind: str) -> dict[str, Any]:
        """The last evidence of a kind."""
        with self.database.reading() as session:
            found = session.query(Evidence).filter_by(ticket_id=number, kind=kind).order_by(Evidence.id).all()
            return found[-1].data

    def undone(self, number: int) -> list[dict[str, Any]]:
        """What was proven of each target, in however many rounds."""
        with self.database.reading() as session:
            found = session.query(Evidence).filter_by(ticket_id=number, kind="undone").order_by(Evidence.id).all()
            return [target for one in found for target in one.data["targets"]]

    def everything(self) -> set[tuple[str, str, str, str]]:
        """Every object of the kinds that Viz has, by kind, namespace, name and uid, but what lives in namespaces that
        tests have made or are leaving."""
        skipped = {"kube-node-lease", "kube-public"}
        return {
            (obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"], obj["metadata"]["uid"])
            for api, kind in KINDS
            for obj in self.plane.client.list(kind, api=api)
            if obj["metadata"].get("namespace") not in skipped and not _is_passing(obj)
        }

    def api(self) -> Object:
        """Condition Available of the tap API."""
        obj = self.cluster.object(ObjectRef("apiregistration.k8s.io/v1", "APIService", "", "v1alpha1.tap.linkerd.io"))
        return next(one for one in obj["status"]["conditions"] if one["type"] == "Available")

    def namespaces_go(self) -> None:
        """A namespace elsewhere can be made and deleted, which an unavailable API would hang."""
        name = f"{self.emojis}-passing"
        self.plane.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.plane.client.delete("Namespace", name)
        wait_until(lambda: self._is_gone(name), seconds=PATIENCE)

    def passing(self) -> Passing:
        """Namespaces elsewhere that come and go all the while."""
        return Passing(self.plane, self.emojis)

    def _is_gone(self, name: str) -> bool:
        try:
            self.cluster.namespace(name)
        except Gone:
            return True
        return False

    def labelled(self) -> list[str]:
        """What carries Viz's label."""
        return [
            str(ObjectRef.of(obj))
            for api, kind in LABELLED
            for obj in self.cluster.objects(api, kind, selector=SELECTOR)
        ]

    def remove(self) -> None:
        """Take away whatever a test that failed has left; the tap API first."""
        for kind in ("MutatingWebhookConfiguration", "APIService", "ClusterRoleBinding", "ClusterRole"):
            for obj in self.plane.client.list(kind, labels=SELECTOR):
                self.plane.client.delete(kind, obj["metadata"]["name"])
        for kind, place in (("RoleBinding", "kube-system"), ("RoleBinding", "linkerd"), ("Role", "linkerd")):
            for obj in self.plane.client.list(kind, place, labels=SELECTOR):
                self.plane.client.delete(kind, obj["metadata"]["name"], place)
        for name in ("linkerd-viz", self.emojis, self.books):
            self.plane.client.delete("Namespace", name)
        wait_until(lambda: self._is_gone("linkerd-viz"), seconds=PATIENCE)
        self.cluster.close()


def _is_passing(obj: Object) -> bool:
    place = obj["metadata"]["name"] if obj["kind"] == "Namespace" else obj["metadata"].get("namespace", "")
    return str(place).endswith(("-emojis", "-books", "-passing"))
