"""What holds of a random schedule: of open tickets whenever a worker has looked, and of everything once it is over."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, select
from sqlalchemy.orm import Session, joinedload

from portal import audit
from portal.mesh.annotations import KEYS, MARK, is_set
from portal.mesh.objects import MANAGED, TICKET
from portal.mesh.proof import prove
from portal.mesh.viz.names import labels_of
from portal.mesh.want import Want
from portal.mesh.workloads import template_annotations
from portal.models import CreatedObject, Event, Message, Target, Ticket, TicketTarget
from portal.states import TERMINAL, State
from tests.workers.desk import Desk
from tests.workers.egress import DENY
from tests.workers.owners import LISTS, Owners, numbers, ports
from tests.workers.theatre import NAMESPACES, WORKLOADS, Shown, annotations_of
from tests.workers.viz import VIZ
from workers.context import surroundings
from workers.converge import spot_of

RBAC = "rbac.authorization.k8s.io/v1"
CARRIED_OUT = ("meshdesk.apply", "meshdesk.undo", "meshdesk.converge")


def what_is_open_is_there(desk: Desk) -> None:
    """No ticket has undone another: all that active ones want is there, but for what somebody took out."""
    _viz_is_there(desk)
    with desk.database.reading() as session:
        live = session.query(TicketTarget).join(Ticket).options(joinedload(TicketTarget.target))
        wanted = [
            (spot_of(link.target).ref, Want.from_json(link.wanted) - Want.from_json(link.suspended))
            for link in live.filter(Ticket.state == State.ACTIVE)
        ]
    for ref, want in wanted:
        if ref in WORKLOADS:
            shown = template_annotations(desk.object(ref))
            for key in LISTS:
                assert numbers(str(want.ports(key))) <= ports(ref, key, shown.get(key)), (ref, want, shown)
            assert all(is_set(key, shown.get(key)) for key in want.settings), (ref, want, shown)


def _viz_is_there(desk: Desk) -> None:
    """Viz with a right to tap for each open ticket for it, in each of its namespaces, and for no other."""
    with desk.database.reading() as session:
        links = session.query(TicketTarget).join(Ticket).join(Target).options(joinedload(TicketTarget.target))
        links = links.filter(Target.kind == "tap")
        wanted = {(one.target.namespace, f"MD-{one.ticket_id}") for one in links.filter(Ticket.state == State.ACTIVE)}
    deployments = {obj["metadata"]["name"] for obj in desk.practice.objects("apps/v1", "Deployment", VIZ)}
    assert {"tap", "tap-injector"} <= deployments if wanted else not deployments, (wanted, deployments)
    bindings = [obj for name in NAMESPACES for obj in desk.practice.objects(RBAC, "RoleBinding", name)]
    assert {(obj["metadata"]["namespace"], labels_of(obj)[TICKET]) for obj in bindings} == wanted


def everything_is_over(desk: Desk) -> None:
    """No ticket, work or record is open, no worker met what it did not foresee, and the trail holds."""
    with desk.database.reading() as session:
        none(session, select(Ticket.id, Ticket.state, Ticket.problem).where(Ticket.state.not_in(TERMINAL)))
        none(session, select(CreatedObject.kind, CreatedObject.name).where(CreatedObject.gone_at.is_(None)))
        none(session, select(Message.task, Message.subject).where(Message.taken_at.is_(None), _is_carried_out()))
        none(session, select(Event.chain, Event.type).where(cast(Event.payload, String).contains("unforeseen")))
        assert not list(audit.verify(session))


def none(session: Session, query: Select[Any]) -> None:
    """Nothing answers the query."""
    found = [tuple(row) for row in session.execute(query)]
    assert not found, found


def _is_carried_out() -> ColumnElement[bool]:
    return Message.task.in_(CARRIED_OUT)


def nothing_of_ours_is_left(desk: Desk, shown: Shown) -> None:
    """No mark and no object of ours, and every pod is as its template says."""
    for where, obj in shown.items():
        assert MARK not in obj["annotations"], where
        assert MANAGED not in obj["labels"], where
    for ref in WORKLOADS:
        around, obj = surroundings(desk.practice, ref.namespace), desk.object(ref)
        pods = desk.practice.pods(obj)
        proof = prove(obj, pods, namespace=around.namespace, defaults=around.defaults, webhook=around.webhook)
        assert proof.matching, proof.waiting


def all_is_as_its_owners_left_it(owners: Owners, before: Shown, now: Shown) -> None:
    """Templates to the letter where no owner changed them, and nothing else in the cluster has changed."""
    for namespace in NAMESPACES:
        policy = ("networkpolicy", namespace, DENY)
        assert (policy in now) == (namespace in owners.isolated)
        now.pop(policy, None)
        before.pop(policy, None)
    for ref in WORKLOADS:
        where = (ref.kind, ref.namespace, ref.name)
        texts, at_first = annotations_of(now[where]), annotations_of(before[where])
        for key in KEYS:
            left = owners.left.get((ref, key), "never touched")
            assert owners.agree(ref, key, texts.get(key), at_first.get(key)), (where, key, texts, at_first, left)
    assert now == before
