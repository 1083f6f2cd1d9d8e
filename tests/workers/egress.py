"""For tests of egress policies: NetworkPolicies of the tenant's own, tickets for them, and workers that die."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.config import Config
from portal.db import Database
from portal.mesh.workloads import WorkloadRef
from portal.models import Namespace, Target, Tenant, Ticket
from portal.states import State
from portal.tickets import asking
from tests.workers.desk import SHORTEST, Desk
from workers.cluster.protocol import Cluster, Object
from workers.context import Context

HERE = "emojivoto"
DENY = "deny-egress"


def name_of(number: int) -> str:
    """What the policy of a ticket is called."""
    return f"allow-linkerd-control-plane-egress-md-{number}"


def own_policy(name: str = DENY, namespace: str = HERE, **selector: Any) -> Object:
    """A policy of the tenant's that isolates the pods of a selector, by default all, and lets nothing out."""
    spec: Object = {"podSelector": selector, "policyTypes": ["Egress"], "egress": []}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def isolate(desk: Desk, **more: Any) -> None:
    """The tenant isolates a namespace."""
    desk.practice.create(own_policy(**more))


def open_again(desk: Desk, namespace: str = HERE) -> None:
    """The tenant isolates it no longer."""
    desk.practice.delete(WorkloadRef("networkpolicy", namespace, DENY))


def policies(desk: Desk, namespace: str = HERE) -> dict[str, Object]:
    """The policies of a namespace by name."""
    found = desk.practice.objects("networking.k8s.io/v1", "NetworkPolicy", namespace)
    return {obj["metadata"]["name"]: obj for obj in found}


def give(desk: Desk, namespace: str, tenant: str = "emojis") -> None:
    """A namespace more for a tenant, and its inventory."""
    with desk.database.unit_of_work() as session:
        owner = session.query(Tenant).filter_by(name=tenant).one()
        session.add(Namespace(cluster="practice", name=namespace, tenant_id=owner.id))
    desk.look()


def ask(desk: Desk, *namespaces: str, renews: str | None = None, **fields: Any) -> int:
    """A pending ticket of no end for the policy in these namespaces; its number."""
    wanted = {"namespaces": list(namespaces or (HERE,)), **fields}
    made = asking.Ask("control-plane-egress", "practice", None, "a test", None, wanted, renews)
    with desk.acting("member") as (session, member):
        return asking.submit(session, made, by=member, now=datetime.now(UTC), shortest=SHORTEST).id


def approved(desk: Desk, *namespaces: str, **more: Any) -> int:
    """One that the policy has approved, after a clean preflight; its number."""
    number = ask(desk, *namespaces, **more)
    desk.preflight(number)
    assert desk.state(number) is State.APPROVED, desk.evidence(number, "preflight")
    return number


def active(desk: Desk, *namespaces: str, **more: Any) -> int:
    """One whose policies stand; its number."""
    number = approved(desk, *namespaces, **more)
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE, desk.ticket(number).problem
    return number


class Killed(BaseException):
    """The worker was killed here."""


class Life:
    """How many cluster calls and commits a worker has left; afterwards it does nothing at all any more."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        """One more was done; raises Killed when it was the last."""
        self.left -= 1
        self.breathe()

    def breathe(self) -> None:
        """Raise Killed when the worker is dead."""
        if self.left <= 0:
            raise Killed


class MortalCluster:
    """A door to the cluster that dies with its worker: just after the call that is its last."""

    def __init__(self, inside: Cluster, life: Life) -> None:
        self._inside, self._life = inside, life

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            self._life.breathe()
            answer = getattr(self._inside, name)(*args, **named)
            # A generator asks nothing before it is read.
            answer = iter(list(answer)) if isinstance(answer, Iterator) else answer
            self._life.step()
            return answer

        return call if callable(getattr(self._inside, name)) else getattr(self._inside, name)


class MortalDatabase:
    """The database as a worker that dies sees it: just after the commit that is its last."""

    def __init__(self, inside: Database, life: Life) -> None:
        self._inside, self._life = inside, life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """One transaction."""
        self._life.breathe()
        with self._inside.unit_of_work() as session:
            yield session
        self._life.step()


def mortal(desk: Desk, steps: int) -> Context:
    """A worker that dies after so many cluster calls and commits."""
    life = Life(steps)
    cluster = MortalCluster(desk.practice, life)
    database: Any = MortalDatabase(desk.database, life)
    return Context(Config(lease=desk.context.config.lease), database, lambda _: cluster)  # type: ignore[arg-type,return-value]


def lapse(desk: Desk) -> None:
    """Let the time pass after which other workers may take what the dead one held."""
    past = datetime(2020, 1, 1, tzinfo=UTC)
    with desk.database.unit_of_work() as session:
        session.execute(update(Target).where(Target.claim_until.is_not(None)).values(claim_until=past))
        session.execute(update(Ticket).where(Ticket.claim_until.is_not(None)).values(claim_until=past))
