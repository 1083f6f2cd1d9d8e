"""The pages of clusters: what is known of each, one's workloads on it, and what operators do to one as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, g, request
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from portal.api.clusters import clusters_seen
from portal.api.context import actor, parts
from portal.api.idempotency import Edge
from portal.api.problems import problem_of
from portal.api.schema_base import NAME, Input
from portal.api.schemas import PauseSchema, ReasonSchema
from portal.db import database_now
from portal.errors import MeshdeskError, NotFound
from portal.models import Cluster
from portal.queries import encryption
from portal.queries import guard as guards
from portal.queries.certificates import on_an_older_root
from portal.tickets import giving_up, guarding, operating
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.cluster_facts import known
from portal.web.page import go, render
from portal.web.workload_list import PER_PAGE, asked_for, groups, key_of, key_text

MOST_PLACES = 30
PAUSE, REASON = PauseSchema(), ReasonSchema()
Form = Mapping[str, str]


class PlaceSchema(Input):
    """Of a cluster, one namespace alone, and after which workload."""

    namespace = fields.String(load_default=None, validate=NAME)
    after = fields.String(load_default=None, validate=validate.Length(max=1100))


PLACE = PlaceSchema()


@blueprint.get("/clusters")
def list_clusters() -> Response:
    """Show the clusters on which one has namespaces, and what is known of each."""
    if g.web_session is None:
        return sessions.sign_in_first()
    with parts().database.reading() as session:
        now = database_now(session)
        found = known(session, clusters_seen(session), by=actor(), now=now)
    return render("clusters.html", found=found, now=now, by=actor())


@blueprint.get("/clusters/<name>")
def show_cluster(name: str) -> Response:
    """Show one cluster with one's workloads on it; the same 404 for one where one has no namespace and for none."""
    if g.web_session is None:
        return sessions.sign_in_first()
    return cluster_page(name, {one: value for one, value in request.args.items() if value})


def cluster_page(name: str, chosen: Form, status: int = 200, **more: Any) -> Response:
    """The page of a cluster; raises NotFound, and Invalid for filters that are none."""
    asked = sent.load(PLACE, chosen)
    with parts().database.reading() as session:
        by, now = actor(), database_now(session)
        cluster = _cluster(session, name)
        facts = known(session, [cluster], by=by, now=now)[0]
        scope = encryption.Scope(cluster=name, namespace=asked["namespace"])
        lines = encryption.lines(session, scope, by=by, after=key_of(asked["after"]), limit=PER_PAGE + 1)
        shown = groups(session, lines[:PER_PAGE], {name: cluster.console})
        said_gone = giving_up.said_gone(session, name) if by.is_operator else ()
        asks_for = asked_for(session, by)
        guard = guards.standing(session, name, by=by, now=now)
        older = on_an_older_root(session, name, by=by)
    after = {**chosen, "after": key_text(lines[PER_PAGE - 1].key)} if len(lines) > PER_PAGE else None
    return render(
        "cluster.html",
        status,
        one=facts,
        groups=shown,
        now=now,
        by=by,
        chosen=chosen,
        most=MOST_PLACES,
        said_gone=said_gone,
        asks_for=asks_for,
        guard=guard,
        older=older,
        next_page=None if after is None else f"{_address(name)}?{urlencode(after)}",
        **more,
    )


def _cluster(session: Session, name: str) -> Cluster:
    found = next((one for one in clusters_seen(session) if one.name == name), None)
    if found is None:
        raise NotFound("There is no such cluster on which you have namespaces.")
    return found


def _pause(edge: Edge, name: str, form: Form) -> str:
    said = sent.load(PAUSE, {"reason": sent.text(form, "reason")})
    operating.pause(edge.session, name, **said, by=edge.by, now=edge.now)
    return _address(name)


def _resume(edge: Edge, name: str, _: Form) -> str:
    operating.resume(edge.session, name, by=edge.by, now=edge.now)
    return _address(name)


def _guard(edge: Edge, name: str, _: Form) -> str:
    guarding.ask(edge.session, name, by=edge.by, now=edge.now)
    return f"{_address(name)}#guard"


def _gone(edge: Edge, name: str, form: Form) -> str:
    said = sent.load(REASON, {"reason": sent.text(form, "reason")})
    done = giving_up.give_up(edge.session, name, **said, by=edge.by, now=edge.now)
    # Nothing of it is open then, and so it is shown no more.
    return "/clusters" if done.closed else _address(name)


def _address(name: str) -> str:
    return f"/clusters/{quote(name)}"


OPERATIONS: dict[str, Callable[[Edge, str, Form], str]] = {
    "pause": _pause,
    "resume": _resume,
    "gone": _gone,
    "guard": _guard,
}
"""What operators do to a cluster as a whole, by the last part of the address; each says where to go on."""


@blueprint.post("/clusters/<name>/<operation>")
def operate(name: str, operation: str) -> Response:
    """Do one of OPERATIONS; a refusal is the cluster's page again, with the sentence and what was typed."""
    sessions.present()
    if operation not in OPERATIONS:
        raise NotFound("A cluster's page has no such form.")
    try:
        with parts().database.unit_of_work() as session:
            then = OPERATIONS[operation](Edge(session, actor(), database_now(session)), name, request.form)
    except NotFound:
        raise
    except MeshdeskError as error:
        refusal = {"refused": sent.sentence_of(error), "operation_of": operation, "form": request.form}
        return cluster_page(name, {}, problem_of(error).status, **refusal)
    return go(then)
