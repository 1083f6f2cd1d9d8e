"""What a tenant keeps here: reasons to reject, and services with their tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g, request
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import TENANT_ROLES
from portal.access.rights import RIGHTS, Action
from portal.api.context import actor, parts
from portal.api.credential_schemas import ServiceWantedSchema
from portal.api.decision_schemas import NamedTemplateSchema
from portal.api.idempotency import Edge
from portal.credentials import services, tokens
from portal.errors import NotFound
from portal.models import Role, Tenant
from portal.queries import people
from portal.tickets import templates
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.doing import Refused, attempt, back, status_of
from portal.web.settings.frame import settings_page
from portal.web.settings.tokens import for_making, shown_once, terms_of_form

PATH = "/settings/tenants"
SERVICE, KEPT = ServiceWantedSchema(), NamedTemplateSchema()


@blueprint.get(PATH)
def list_own_tenants() -> Response:
    """Show the tenants in which one has a role."""
    if g.web_session is None:
        return sessions.sign_in_first()
    with parts().database.reading() as session:
        found = people.seats(session, sessions.present().person_id)
    by_tenant: dict[str, tuple[Tenant, list[Role]]] = {}
    for seat in found:
        if seat.tenant is not None:
            by_tenant.setdefault(seat.tenant.name, (seat.tenant, []))[1].append(seat.role)
    return settings_page("tenants.html", tenants=list(by_tenant.values()), everybody=actor().sees_everything)


@blueprint.get(f"{PATH}/<name>")
def show_tenant(name: str) -> Response:
    """Show what a tenant keeps; the same 404 for another's and for none."""
    return sessions.sign_in_first() if g.web_session is None else _page(name)


@blueprint.post(f"{PATH}/<name>/reasons")
def keep_reason(name: str) -> Response:
    """Keep a reason to reject under a name, over the one that stood there."""
    template = sent.text(request.form, "name").strip()

    def keep(edge: Edge) -> Any:
        said = sent.load(KEPT, {"template": template, "text": sent.text(request.form, "text")})
        return templates.keep(edge.session, (name, said["template"]), text=said["text"], by=edge.by, now=edge.now)

    return _do(name, "kept", f"reason {request.form.get('was', '')}".strip(), keep)


@blueprint.post(f"{PATH}/<name>/reasons/<template>/remove")
def forget_reason(name: str, template: str) -> Response:
    """Forget a reason to reject."""
    return _do(
        name,
        "forgotten",
        f"reason {template}",
        lambda edge: templates.remove(edge.session, (name, template), by=edge.by, now=edge.now),
    )


@blueprint.post(f"{PATH}/<name>/services")
def make_service(name: str) -> Response:
    """Make a service that one answers for."""

    def make(edge: Edge) -> Any:
        said = {one: sent.text(request.form, one).strip() for one in ("name", "title")}
        wanted: Any = sent.load(SERVICE, {**said, "roles": request.form.getlist("roles")})
        return services.make(edge.session, name, wanted, by=edge.by, now=edge.now)

    return _do(name, "made", "service", make)


@blueprint.post(f"{PATH}/<name>/services/<service>/remove")
def remove_service(name: str, service: str) -> Response:
    """End a service and its tokens."""
    return _do(
        name,
        "removed",
        f"service {service}",
        lambda edge: services.remove(edge.session, name, service, by=edge.by, now=edge.now),
    )


@blueprint.post(f"{PATH}/<name>/services/<service>/tokens")
def make_service_token(name: str, service: str) -> Response:
    """Make a token for a service of one's own; the answer shows it, and nothing ever does again."""
    sessions.present()

    def make(edge: Edge) -> dict[str, Any]:
        person = services.person_for_token(edge.session, name, service, by=edge.by)
        return shown_once(tokens.make(edge.session, terms_of_form(), by=edge.by, now=edge.now, service=person))

    made = attempt(f"service {service}", make)
    return _page(name, made) if isinstance(made, Refused) else _page(name, made=made)


def _do(name: str, done: str, form: str, run: Callable[[Edge], Any]) -> Response:
    sessions.present()
    found = attempt(form, run)
    return _page(name, found) if isinstance(found, Refused) else back(f"{PATH}/{name}", done)


def _page(name: str, refused: Refused | None = None, made: dict[str, Any] | None = None) -> Response:
    by = actor()
    with parts().database.reading() as session:
        tenant = _tenant(session, name)
        roles = by.roles_in(tenant.id)
        found = {
            "reasons": templates.all_of(session, name, by=by),
            "services": services.services(session, name, by=by),
            "given_roles": request.form.getlist("roles"),
            "own_roles": sorted(roles & TENANT_ROLES),
            "may_keep": bool(roles & RIGHTS[Action.REJECT_TEMPLATES].roles),
            "may_serve": bool(roles & RIGHTS[Action.SERVICES].roles),
        }
    status = 201 if made is not None else status_of(refused)
    shown = {"tenant": tenant, "me": by.person_id, "refused": refused, "made": made, **found, **for_making()}
    return settings_page("tenant.html", status, homeless=refused is not None and _is_homeless(refused, found), **shown)


def _is_homeless(refused: Refused, found: dict[str, Any]) -> bool:
    """True of a form that the page does not have for whoever looks: its refusal stands at the head of the page."""
    forms = {f"service {one.name}" for one in found["services"]}
    if found["may_keep"]:
        forms |= {"reason", *(f"reason {one.name}" for one in found["reasons"])}
    if found["may_serve"] and found["own_roles"]:
        forms.add("service")
    return refused.form not in forms


def _tenant(session: Session, name: str) -> Tenant:
    try:
        return queries.tenant(session, name, by=actor())
    except NotFound as error:
        raise NotFound(
            f"There is no tenant {name[:253]} of yours: your settings list those that you are in."
        ) from error
