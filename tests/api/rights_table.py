"""Every route of the web process with the action that it is: one line a route, read by test_authorisation.py.

A new route gets a line here: method and path, the action of `portal.access.rights` (None: whoever is signed in), what
it is done to, and the body. What each role and each scope then gets follows from the table of rights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from portal import policy_store
from portal.access.rights import Action
from portal.db import database_now
from portal.mesh.holes import Code
from portal.models import Cluster, Person, Role, Ticket
from portal.policy import default_policy
from portal.tickets.deciding import Preflight, attach_preflight
from portal.tickets.moving import number_of
from tests import postures, world
from tests.api.desk import Desk, said

REASON = {"reason": "no longer needed"}
ANSWER = {"answer": "They have it."}
TERMS = {"name": "a script", "scopes": ["read"], "lifetime": "P1D"}
QUESTION = {"text": "Which vendor is it?"}
TEMPLATE = {"text": "Use opaque ports."}
AWAY = {
    "to": "partner2",
    "tenant": "emojis",
    "until": (datetime.now(UTC) + timedelta(days=7)).isoformat(),
    "reason": "on leave",
}
VIEW = {"query": "state=pending"}
SECRET = "the vendor is Rosewater"
API = "/api/v1"
PUBLIC = {
    *("/healthz", "/readyz", "/metrics", "/api/static/<path:filename>", "/api/openapi.json", "/api/docs"),
    *("/", "/sign-in", "/sign-in/provider", "/sign-in/callback", "/static/<path:filename>"),
}
"""What needs no sign-in and says nothing of tenants; who signed in with a browser sees at / who they are."""
PAGES = {
    *("/tickets", "/tickets/<ref>", "/inbox", "/audit", "/audit/verification"),
    *("/new", "/new/<kind>", "/new/<kind>/preview"),
    *("/live", "/live/revoke-all", "/clusters", "/clusters/<name>", "/posture", "/posture/adoptions", "/topline"),
    *("/settings", "/settings/tokens", "/settings/notifications", "/settings/absences", "/settings/tenants"),
    "/settings/tenants/<name>",
    *("/admin", "/admin/deliveries", "/admin/people", "/admin/people/<path:name>", "/admin/tokens"),
    *("/admin/registry", "/admin/policy"),
}
"""For those who signed in with a browser; everybody else is led to the sign-in."""
PIECES = {
    *("/tickets/<ref>/pulse", "/tickets/<ref>/manifests/<name>", "/admin/registry/file", "/admin/policy/file"),
    *("/tickets.csv", "/audit.csv", "/posture/findings.csv", "/posture/workloads.csv", "/topline.csv"),
}
"""What scripts of those pages ask for, and files that they download: 401 for everybody else."""
FORMS = {
    *("/sign-in/local", "/sign-out", "/theme", "/sessions/<int(max=9223372036854775807):number>/end"),
    *("/tickets/decisions", "/tickets/<ref>/<deed>", "/inbox/decisions", "/inbox/<ref>/<deed>"),
    *("/new/<kind>", "/new/<kind>/preview"),
    *("/tickets/filters", "/tickets/filters/forget"),
    *("/live/revoke-all", "/clusters/<name>/<operation>"),
    *("/posture/adoptions", "/posture/findings/<number>/<deed>"),
    *("/settings/tokens", "/settings/tokens/<number>/revoke", "/settings/notifications"),
    *("/settings/absences", "/settings/absences/<number>/end"),
    *("/settings/tenants/<name>/reasons", "/settings/tenants/<name>/reasons/<template>/remove"),
    *("/settings/tenants/<name>/services", "/settings/tenants/<name>/services/<service>/remove"),
    "/settings/tenants/<name>/services/<service>/tokens",
    *("/admin/deliveries/<number>/retry", "/admin/tokens/<number>/revoke", "/admin/people/<path:name>/<deed>"),
}
"""Pages take forms, whoever sends them: each needs the token of a form of ours, which no bearer token stands for."""


@dataclass(frozen=True)
class Try:
    """One try of a route: the desk, who tries it, and a number of its own, so that no two ask for the same."""

    desk: Desk
    who: str
    number: int

    @property
    def changes(self) -> dict[str, Any]:
        """What makes a request one of its own."""
        return {"reason": SECRET, "fields": world.exception(inbound=str(20_000 + self.number))}


Thing = Mapping[str, Any]
"""What a route is done to: the parts of its path by name, and a ticket's `version`."""


@dataclass(frozen=True)
class Row:
    """What a route does, to what, with which body; `but` are people to whom something else than a right matters."""

    action: Action | None
    to: Callable[[Try], Thing] = lambda _: {}
    body: Callable[[Try], Any] | Any = None
    done: int = 200
    but: Mapping[str, int] = field(default_factory=dict)
    tenants: bool = True
    """False: it is not of one tenant, and other tenants' people get 403 and not 404."""


def checked(one: Try) -> Thing:
    """A pending ticket of the member's with a clean preflight."""
    return one.desk.checked(**one.changes)


def active(one: Try) -> Thing:
    """An open window."""
    return one.desk.active(**one.changes)


def failed(one: Try) -> Thing:
    """A ticket that the cluster refused."""
    return one.desk.failed(**one.changes)


def drifted(one: Try) -> Thing:
    """An open window of which somebody removed an entry."""
    return one.desk.drifted(**one.changes)


def generic(one: Try) -> Thing:
    """A ticket that people carry out."""
    fields = {"title": f"Console {one.number}", "text": "Read-only, for emojivoto, two people."}
    return one.desk.generic(reason=SECRET, fields=fields)


def approved_generic(one: Try) -> Thing:
    """A ticket that people carry out and another operator has approved."""
    ticket = generic(one)
    answer = one.desk.decide(ticket["ref"], ticket["version"], "operator2")
    assert answer.status_code == 200, answer.text
    return said(answer)


def told(one: Try) -> Thing:
    """A ticket with a comment."""
    ticket = checked(one)
    assert one.desk.post(f"tickets/{ticket['ref']}/comments", {"text": SECRET}).status_code == 201
    return ticket


def reviewed(one: Try) -> Thing:
    """A pending ticket of a tenant that owes no review."""
    with one.desk.database.unit_of_work() as session:
        session.execute(update(Ticket).values(reviewed_at=database_now(session)))
    return checked(one)


def broken(one: Try) -> Thing:
    """A ticket whose glass was broken, and nobody has reviewed that yet."""
    reviewed(one)
    return one.desk.broken(reason=SECRET, fields=world.exception(inbound=str(40_000 + one.number)))


def long_open(one: Try) -> Thing:
    """An open window that waits to be recertified."""
    return one.desk.long_open(**one.changes)


def seen(one: Try) -> Thing:
    """A ticket whose preflight tells something of its tenant and made a manifest."""
    ticket = checked(one)
    manifest = {"name": "job-migrate.yaml", "text": f"# {SECRET}\n", "notes": [], "withheld": []}
    data = {"findings": [], "targets": [{"workload": "deployment/emoji", "manifest": manifest}]}
    with one.desk.database.unit_of_work() as session:
        found = Preflight(clean=True, data=data, route=None)
        attach_preflight(session, number_of(ticket["ref"]), found, now=database_now(session))
    return {**ticket, "name": "job-migrate.yaml"}


def outdated(one: Try) -> Thing:
    """A pending ticket that a policy routed which is no longer in force."""
    ticket = checked(one)
    with one.desk.database.unit_of_work() as session:
        text = f"{default_policy().text}# {one.number}\n"
        policy_store.apply_policy(session, text, by="operator", now=database_now(session))
    return ticket


def running(one: Try) -> Thing:
    """A cluster that is not paused."""
    with one.desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").paused_at = None
    return {"name": "practice"}


def paused(one: Try) -> Thing:
    """A cluster that is."""
    with one.desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").paused_at = database_now(session)
    return {"name": "practice"}


def guarded(one: Try) -> Thing:
    """A cluster whose guard is on."""
    with one.desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").guard = "warn"
    return {"name": "practice"}


def own_token(one: Try) -> Thing:
    """A token of whoever tries it."""
    return {"number": said(one.desk.post("tokens", TERMS, one.who))["id"]}


def foreign_token(one: Try) -> Thing:
    """A token of somebody else."""
    return {"number": said(one.desk.post("tokens", TERMS, "partner2"))["id"]}


def questioned(one: Try) -> Thing:
    """A ticket that waits for an answer."""
    ticket = checked(one)
    assert one.desk.post(f"tickets/{ticket['ref']}/questions", QUESTION, "partner").status_code == 201
    return ticket


def decision_of_several(one: Try) -> Any:
    """The body of a word on one ticket of several that there could be."""
    ticket = checked(one)
    return {"items": [{"ref": ticket["ref"], "version": ticket["version"], "decision": "approve"}]}


def delegated(one: Try) -> Thing:
    """What a partner left to another for a while."""
    made = one.desk.post("delegations", AWAY, "partner")
    assert made.status_code == 201
    return {"number": said(made)["id"]}


def kept_template(one: Try) -> Thing:
    """A reason to reject in the tenant's words."""
    kept = one.desk.send("PUT", "tenants/emojis/reject-templates/opaque", "owner", json=TEMPLATE)
    assert kept.status_code == 200
    return {"name": "emojis", "template": "opaque"}


def kept_filter(one: Try) -> Thing:
    """A view that whoever tries it keeps."""
    kept = one.desk.send("PUT", f"me/filters/view-{one.number}", one.who, json=VIEW)
    assert kept.status_code == 200
    return {"filter": f"view-{one.number}"}


def drained(one: Try) -> Thing:
    """A cluster that left the registry while something of it is still being undone."""
    with one.desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").active = True
    ticket = active(one)
    assert one.desk.post(f"tickets/{ticket['ref']}/release", REASON).status_code == 200
    with one.desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").active = False
    return {"name": "practice"}


def undelivered(one: Try) -> Thing:
    """A delivery that went nowhere, for nobody said how it could."""
    ref = generic(one)["ref"]
    found = said(one.desk.get(f"deliveries?ticket={ref}", "operator"))["items"]
    return {"number": found[0]["id"]}


def _partner2(one: Try, **values: Any) -> Thing:
    with one.desk.database.unit_of_work() as session:
        plain = {"deactivated_at": None, "issuer": None, "subject": None}
        session.execute(update(Person).where(Person.name == "partner2").values(**{**plain, **values}))
    return {"person": "partner2"}


def somebody(one: Try) -> Thing:
    """Somebody who may act."""
    return _partner2(one)


def deactivated(one: Try) -> Thing:
    """Somebody whom an operator has deactivated."""
    return _partner2(one, deactivated_at=datetime.now(UTC))


def bound(one: Try) -> Thing:
    """Somebody whom an identity provider knows."""
    return _partner2(one, issuer="https://id.example.com", subject="1234")


def emojis(_: Try) -> Thing:
    """The tenant of most people of the world."""
    return {"name": "emojis"}


def new_service(one: Try) -> Any:
    """The body of a service with a role that its maker has, where they have one."""
    role = world.ROLES[one.who][1] if world.ROLES[one.who][0] else Role.MEMBER
    return {"name": f"robot-{one.number}", "title": "A robot", "roles": [role]}


def service(one: Try) -> Thing:
    """A service of whoever tries it, or of the owner where they may have none."""
    maker = one.who if one.who in ("owner", "partner") else "owner"
    body = new_service(Try(one.desk, maker, one.number))
    assert one.desk.post("tenants/emojis/services", body, maker).status_code == 201
    return {"name": "emojis", "service": body["name"]}


def practice(_: Try) -> Thing:
    """A cluster on which everybody's tenants have namespaces."""
    return {"name": "practice"}


def unexplained(one: Try) -> Thing:
    """A hole that no ticket explains, on a workload of the tenant of most people of the world."""
    with one.desk.database.unit_of_work() as session:
        now = database_now(session)
        return {
            "number": postures.hole(
                session, now, f"emoji-{one.number}", Code.PROXY_USER, detail={"values": [[SECRET, "1000"]]}
            ).id
        }


def ask(one: Try) -> Any:
    """The body of a request."""
    return world.ask(**one.changes)


# Whom the rule asks, is not in the table of rights: here the security partner.
ONLY_PARTNERS = {"owner": 403, "operator": 403}
TICKET = f"{API}/tickets/<ref>"
PERSON = f"{API}/people/<person>"
TEMPLATES = f"{API}/tenants/<name>/reject-templates"
SERVICES = f"{API}/tenants/<name>/services"

TABLE: dict[str, Row] = {
    f"POST {API}/tickets/preview": Row(Action.ASK, body=ask),
    f"POST {API}/tickets": Row(Action.ASK, body=ask, done=201),
    f"GET {API}/tickets": Row(None, told),
    f"GET {API}/tickets.csv": Row(None, told),
    f"GET {TICKET}": Row(Action.READ, told),
    f"GET {TICKET}?wait=active&timeout=1": Row(Action.READ, active),
    f"GET {TICKET}/events": Row(Action.READ, told),
    f"GET {TICKET}/evidence": Row(Action.READ, seen),
    f"GET {TICKET}/manifests": Row(Action.READ, seen),
    f"GET {TICKET}/manifests/<name>": Row(Action.READ, seen),
    f"GET {TICKET}/comments": Row(Action.READ, told),
    f"POST {TICKET}/comments": Row(Action.COMMENT, checked, {"text": "Which vendor is it?"}, done=201),
    f"POST {TICKET}/decisions": Row(Action.DECIDE, checked, {"decision": "approve"}, but=ONLY_PARTNERS),
    f"POST {API}/decisions": Row(None, body=decision_of_several),
    f"GET {TICKET}/history": Row(Action.READ, told),
    f"GET {TICKET}/notices": Row(Action.READ, told),
    f"POST {TICKET}/questions": Row(Action.QUESTION, checked, QUESTION, done=201),
    f"POST {TICKET}/answers": Row(Action.ANSWER, questioned, {"text": "The one of the tills."}, done=201),
    f"GET {API}/delegations": Row(None, delegated),
    f"POST {API}/delegations": Row(Action.DELEGATE, body=AWAY, done=201),
    # Of those who may delegate: who did, and operators.
    f"POST {API}/delegations/<number>/end": Row(Action.DELEGATE, delegated, but={"owner": 403}),
    f"GET {TEMPLATES}": Row(Action.READ, kept_template),
    f"GET {TEMPLATES}/<template>": Row(Action.READ, kept_template),
    f"PUT {TEMPLATES}/<template>": Row(Action.REJECT_TEMPLATES, kept_template, TEMPLATE),
    f"DELETE {TEMPLATES}/<template>": Row(Action.REJECT_TEMPLATES, kept_template),
    f"POST {TICKET}/withdraw": Row(Action.WITHDRAW, checked, REASON),
    f"POST {TICKET}/release": Row(Action.RELEASE, active, REASON),
    f"POST {TICKET}/revoke": Row(Action.REVOKE, active, REASON),
    f"POST {TICKET}/retry": Row(Action.RETRY, failed),
    f"POST {TICKET}/reapply": Row(Action.REAPPLY, drifted),
    f"POST {TICKET}/preflight": Row(Action.PREFLIGHT, checked),
    f"POST {TICKET}/reroute": Row(Action.REROUTE, outdated, REASON),
    f"POST {TICKET}/nudge": Row(Action.NUDGE, checked),
    f"POST {TICKET}/break-glass": Row(Action.BREAK_GLASS, reviewed, REASON),
    f"POST {TICKET}/review": Row(Action.REVIEW, broken, {"justified": True, "note": "seen"}, but=ONLY_PARTNERS),
    f"POST {TICKET}/recertify": Row(Action.RECERTIFY, long_open, {"note": "the vendor is at it"}),
    f"POST {TICKET}/take": Row(Action.FULFIL, generic),
    f"POST {TICKET}/decline": Row(Action.FULFIL, generic, ANSWER),
    f"POST {API}/revocations": Row(Action.REVOKE_ALL, active, {"tenant": "emojis", **REASON}, tenants=False),
    f"GET {API}/kinds": Row(None),
    f"GET {API}/kinds/<name>": Row(None, lambda _: {"name": "generic"}),
    f"GET {API}/clusters": Row(None),
    f"GET {API}/clusters/<name>/namespaces": Row(None, practice),
    f"GET {API}/clusters/<name>/certificates": Row(None, practice),
    f"GET {API}/clusters/<name>/inventory?namespace=emojivoto": Row(Action.READ, practice),
    f"GET {API}/posture": Row(None, unexplained),
    f"GET {API}/posture/findings": Row(None, unexplained),
    f"GET {API}/posture/findings.csv": Row(None, unexplained),
    f"GET {API}/posture/workloads": Row(None),
    f"GET {API}/posture/trend": Row(None),
    f"GET {API}/posture.csv": Row(None),
    f"POST {API}/posture/findings/<number>/adopt": Row(Action.ADOPT, unexplained, REASON, done=201, tenants=False),
    f"POST {API}/posture/findings/<number>/revert": Row(Action.REVERT_HOLE, unexplained, REASON, 201, tenants=False),
    f"POST {API}/posture/adoptions": Row(Action.ADOPT, unexplained, {"tenant": "emojis", **REASON}, tenants=False),
    f"GET {API}/topline": Row(None),
    f"GET {API}/topline?cluster=practice&namespace=emojivoto": Row(Action.READ),
    f"GET {API}/topline.csv?cluster=practice&namespace=emojivoto": Row(Action.READ),
    f"POST {API}/clusters/<name>/pause": Row(Action.PAUSE, running, REASON, tenants=False),
    f"POST {API}/clusters/<name>/resume": Row(Action.PAUSE, paused, tenants=False),
    f"GET {API}/clusters/<name>/guard": Row(None, practice),
    f"GET {API}/clusters/<name>/guard/manifests": Row(Action.GUARD_RULES, guarded, tenants=False),
    f"POST {API}/clusters/<name>/guard/apply": Row(Action.GUARD, guarded, tenants=False),
    f"POST {API}/clusters/<name>/gone": Row(Action.GIVE_UP, drained, REASON, tenants=False),
    f"GET {API}/deliveries": Row(Action.DELIVERIES, undelivered, tenants=False),
    f"POST {API}/deliveries/<number>/retry": Row(Action.RETRY_DELIVERY, undelivered, tenants=False),
    f"GET {API}/me/notifications": Row(None),
    f"PUT {API}/me/notifications": Row(Action.PREFER, body={"digest": True, "muted": ["active"]}),
    f"GET {API}/audit/events": Row(None, told),
    f"GET {API}/audit/events.csv": Row(None, told),
    f"GET {API}/audit/verification?ticket=<ref>": Row(Action.READ, told),
    f"GET {API}/audit/verification": Row(Action.VERIFY, told, tenants=False),
    f"GET {API}/me/filters": Row(None),
    f"GET {API}/me/filters/<filter>": Row(None, kept_filter),
    f"PUT {API}/me/filters/<filter>": Row(Action.FILTERS, kept_filter, VIEW),
    f"DELETE {API}/me/filters/<filter>": Row(Action.FILTERS, kept_filter),
    f"GET {API}/me": Row(None),
    f"GET {API}/people": Row(Action.PEOPLE_LIST, tenants=False),
    f"POST {PERSON}/deactivate": Row(Action.PEOPLE, somebody, REASON, tenants=False),
    f"POST {PERSON}/activate": Row(Action.PEOPLE, deactivated, REASON, tenants=False),
    f"POST {PERSON}/unbind": Row(Action.PEOPLE, bound, REASON, tenants=False),
    f"GET {API}/tokens": Row(None),
    f"GET {API}/tokens?whose=everybody": Row(Action.ALL_TOKENS, tenants=False),
    f"POST {API}/tokens": Row(Action.TOKENS, body=TERMS, done=201, tenants=False),
    f"POST {API}/tokens/<number>/revoke": Row(Action.TOKENS, own_token, tenants=False),
    f"GET {SERVICES}": Row(Action.READ, emojis),
    f"POST {SERVICES}": Row(Action.SERVICES, emojis, new_service, done=201, but={"operator": 422}),
    f"POST {SERVICES}/<service>/remove": Row(Action.SERVICES, service),
    f"POST {SERVICES}/<service>/tokens": Row(Action.SERVICES, service, TERMS, done=201, but={"operator": 403}),
    # The approval that it gives in the same word takes the scope `decide` as well: its own test tries that.
    f"POST {TICKET}/fulfil": Row(Action.FULFIL, approved_generic, ANSWER),
}
