"""The registry in force: which version, since when and by whom, the clusters, and each tenant with what it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, g, make_response
from marshmallow import fields
from sqlalchemy.orm import Session

from portal import queries
from portal import registry as store
from portal.api.context import actor, parts
from portal.api.schema_base import NAME
from portal.api.schemas import PageSchema
from portal.errors import NotFound
from portal.models import Role, Tenant
from portal.queries import oversight
from portal.web import sent, sessions
from portal.web.admin.frame import admin_page, admit
from portal.web.blueprint import blueprint
from portal.web.doing import before_of, chosen, further
from portal.web.page import HEADERS

PATH = "/admin/registry"
AT_ONCE = 25
VERSIONS = 10
MOST_CLUSTERS = 200
ROLES = (Role.OWNER, Role.PARTNER, Role.MEMBER)


class AskedSchema(PageSchema):
    """Which tenants to show."""

    search = fields.String(load_default=None, validate=NAME)


ASKED = AskedSchema()


@blueprint.get(PATH)
def show_registry() -> Response:
    """Show what is in force, and a page of the tenants."""
    if g.web_session is None:
        return sessions.sign_in_first()
    admit()
    asked = sent.load(ASKED, {"limit": str(AT_ONCE), **chosen()})
    with parts().database.reading() as session:
        limit, search = asked["limit"], asked["search"] or ""
        found = queries.tenants(session, by=actor(), search=search, before=before_of(asked), limit=limit + 1)
        shown: dict[str, Any] = {
            "versions": oversight.registry_versions(session, limit=VERSIONS),
            "changes": store.last_changes(session),
            "counts": oversight.registry_counts(session),
            "clusters": oversight.cluster_states(session, limit=MOST_CLUSTERS),
            "platform": _platform(session),
            "tenants": _tenants(session, found[:limit]),
        }
    following = further(PATH, found[limit - 1].id) if len(found) > limit else None
    return admin_page("registry.html", next_page=following, chosen=chosen(), **shown)


@blueprint.get(f"{PATH}/file")
def registry_file() -> Response:
    """The file that was applied last, as it was written; raises NotFound before the first."""
    admit()
    with parts().database.reading() as session:
        found = store.last_applied(session)
    if found is None:
        raise NotFound("No registry was applied yet: write one and run `meshdesk registry apply FILE`.")
    return text_file(found.text, "registry.yaml")


def text_file(text: str, name: str) -> Response:
    """A file to keep, in no cache."""
    headers = {"Content-Type": "application/yaml", "Content-Disposition": f'attachment; filename="{name}"'}
    return make_response(text, {**HEADERS, **headers})


def _platform(session: Session) -> list[dict[str, Any]]:
    return _seats(session, [None], (Role.OPERATOR, Role.AUDITOR))[None]


def _tenants(session: Session, found: Sequence[Tenant]) -> list[dict[str, Any]]:
    ids = [one.id for one in found]
    seats, owned = _seats(session, ids, ROLES), oversight.owned(session, ids)
    return [
        {
            "tenant": one,
            "seats": seats[one.id],
            "many": len({name for seat in seats[one.id] for name in seat["people"]}),
            "namespaces": owned.get(one.id, []),
        }
        for one in found
    ]


def _seats(
    session: Session, ids: Sequence[int | None], roles: Sequence[Role]
) -> dict[int | None, list[dict[str, Any]]]:
    people, groups = oversight.seated(session, ids), oversight.grouped(session, ids)
    return {
        one: [
            {"role": role, "people": people.get((one, role), []), "groups": groups.get((one, role), [])}
            for role in roles
        ]
        for one in ids
    }
