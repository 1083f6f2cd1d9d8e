"""The guard of a cluster: how it stands, its objects, and an operator's word that workers put it into force."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from portal.access import rights
from portal.access.rights import Action
from portal.api import schemas
from portal.api.answering import answer
from portal.api.clusters import clusters_seen
from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change
from portal.api.schema_base import Instant, Output
from portal.api.smorest import Blueprint
from portal.db import database_now
from portal.errors import NotFound
from portal.mesh.guard.lines import data_of
from portal.mesh.guard.render import whole
from portal.queries import guard as queries
from portal.queries.guard import Standing
from portal.tickets import guarding

blueprint = Blueprint("guard", "What Kubernetes itself refuses without a ticket.")


class GuardedNamespaceSchema(Output):
    """A namespace and its mode."""

    namespace = fields.String()
    mode = fields.String(metadata={"description": "off, audit, warn or deny."})


class LateSchema(Output):
    """A line that the cluster still lets pass although its ticket is over."""

    namespace = fields.String()
    workload = fields.String()
    ticket = fields.String()
    until = fields.String(allow_none=True)


class GuardSchema(Output):
    """How the guard of a cluster stands."""

    cluster = fields.String()
    on = fields.Boolean(metadata={"description": "Whether any namespace of yours has a mode other than off."})
    namespaces = fields.List(fields.Nested(GuardedNamespaceSchema))
    asked_at = Instant(allow_none=True, metadata={"description": "When an operator last asked for it."})
    asked_by = fields.String(allow_none=True)
    applied_at = Instant(allow_none=True, metadata={"description": "When a worker last wrote any of it."})
    tried_at = Instant(allow_none=True)
    waiting = fields.Boolean(metadata={"description": "An operator asked and no worker has come to it yet."})
    in_step = fields.Boolean(metadata={"description": "The last look found all of it as it should be."})
    in_step_at = Instant(allow_none=True)
    problem = fields.String(allow_none=True, metadata={"description": "Why the last look failed."})
    amiss = fields.List(fields.String(), metadata={"description": "What is missing or differs, in sentences."})
    late = fields.List(fields.Nested(LateSchema))


class ManifestsSchema(Output):
    """All objects of a guard, in the order in which they are applied."""

    objects = fields.List(fields.Dict())


GUARD, MANIFESTS = GuardSchema(), ManifestsSchema()


@blueprint.route("/clusters/<name>/guard")
@blueprint.response(200, GUARD)
def show(name: str) -> Response:
    """Show how the guard of a cluster stands: modes of your namespaces, in step or not, what stands late."""
    with parts().database.reading() as session:
        if name not in {one.name for one in clusters_seen(session)}:
            raise NotFound(f"No cluster {name} has namespaces of yours: GET /clusters lists those that have.")
        return answer(GUARD, _shown(session, name))


@blueprint.route("/clusters/<name>/guard/manifests")
@blueprint.response(200, MANIFESTS)
def manifests(name: str) -> Response:
    """Give all objects of the guard of a cluster, to apply by hand or from a repository."""
    rights.check(actor(), Action.GUARD_RULES, "", tenant_id=None)
    with parts().database.reading() as session:
        if name not in {one.name for one in clusters_seen(session)}:
            raise NotFound(f"There is no cluster {name}: GET /clusters lists those that there are.")
        objects = whole(queries.guard_of(session, name), data_of(queries.lines(session, name)))
        return answer(MANIFESTS, {"objects": objects})


@blueprint.route("/clusters/<name>/guard/apply", methods=["POST"])
@blueprint.arguments(schemas.NothingSchema(), required=False)
@blueprint.response(200, GUARD)
def apply(_: dict[str, Any], name: str) -> Response:
    """Have workers put the guard into force and keep it so; GET shows what came of it."""

    def effect(edge: Edge) -> Response:
        guarding.ask(edge.session, name, by=edge.by, now=edge.now)
        return answer(GUARD, _shown(edge.session, name))

    return change(effect)


def _shown(session: Session, name: str) -> dict[str, Any]:
    return view(queries.standing(session, name, by=actor(), now=database_now(session)))


def view(found: Standing) -> dict[str, Any]:
    """What GuardSchema shows."""
    state = found.state
    same = ("asked_at", "asked_by", "applied_at", "tried_at", "in_step_at", "problem")
    return {
        "cluster": found.guard.cluster,
        "on": found.on,
        "namespaces": [{"namespace": name, "mode": mode.value} for name, mode in found.modes.items()],
        **{name: getattr(state, name, None) for name in same},
        "waiting": found.waiting,
        "in_step": found.in_step,
        "amiss": state.amiss if state is not None else [],
        "late": found.late,
    }
