"""What somebody has typed into a form, as the request that the API would take, and what is wrong with it by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from portal.api.schemas import AskSchema
from portal.durations import format_duration, typed_duration
from portal.errors import Invalid
from portal.kinds.base import Kind, Scope
from portal.models import Ticket
from portal.tickets.ask import Ask
from portal.tickets.asking import flatten
from portal.web import sent
from portal.web.asking.catalogue import Form, form_of
from portal.web.asking.field import NOTHING, Field, Sort, Typed, plain

ASK = AskSchema()
WHERE = ("cluster", "namespace", "tenant", "about")
OTHERS = ("reason", "duration", "length", "starts_at", "restart_days", "restart_from", "restart_until", "renews")
SEARCHES = ("find", "place")
NO_END, OTHER = "none", "other"
Errors = dict[str, list[str]]
_SAME = {"cluster": "place", "namespace": "place", "tenant": "about", "reason": "reason", "duration": "duration"}
LABELS_FIRST = {"place": "Where", "about": "What is it about?"}
LABELS = {
    "reason": "Why is it needed?",
    "duration": "For how long?",
    "starts_at": "When may it begin?",
    "restart": "The hours in which your pods may restart for it",
}
"""What every form asks before and after the kind's own fields, as the page names it."""
_ENVELOPE = {**_SAME, "starts_at": "starts_at", "restart_window": "restart"}
_WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_TENANT = "tenant:"


@dataclass(frozen=True)
class Draft:
    """A request on its way: the kind, what was typed, and the ticket that it follows (None: it follows none)."""

    kind: Kind[Any]
    typed: Typed
    before: Ticket | None = None

    @property
    def form(self) -> Form:
        """The fields of the kind."""
        return form_of(self.kind)

    @property
    def asked(self) -> list[Field]:
        """The fields that are asked as the others stand; a renewal asks none, it is for the same as before."""
        fields = self.form.fields
        return [] if self.before else [one for one in fields if one.applies(self.typed, fields)]

    @property
    def names(self) -> dict[str, str]:
        """The questions by the name of their fields."""
        return {**LABELS_FIRST, **{one.name: one.label for one in self.asked}, **LABELS}

    def one(self, name: str) -> str:
        """What was typed under a name."""
        return plain(self.typed.get(name, ""))

    def body(self) -> dict[str, Any]:
        """The request as POST /tickets takes it."""
        told = {"kind": self.kind.name, "reason": self.one("reason"), "duration": self._duration()}
        if self.before is not None:
            same = {"cluster": self.before.cluster, "namespace": self.before.namespace, "fields": self.before.fields}
            return {**told, **same, "renews": self.before.ref}
        return {**told, **self._place(), "fields": self._fields(), **self._start()}

    def ask(self, *, without_words: bool = False) -> Ask:
        """The request as the verbs take it; raises Invalid. `without_words` lets what only explains be missing."""
        body = self.body()
        if without_words:
            body = {**body, "reason": body["reason"].strip() or "…", "fields": self._explained(body["fields"])}
        ask: Ask = sent.load(ASK, body)  # type: ignore[assignment]
        return ask

    def faults(self) -> Errors:
        """What the schemas refuse in it, by the path that the API names; {} where they take it."""
        body, found = self.body(), {}
        try:
            sent.load(ASK, body)
        except Invalid as error:
            found.update(error.errors)
        wrong = self.kind.schema.validate(body["fields"])
        return {**found, **(flatten(wrong, "fields") if wrong else {})}

    @property
    def explaining(self) -> set[str]:
        """The paths of what only explains: who decides and what changes is known without."""
        return {"reason", *(one.key for one in self.asked if one.words)}

    def by_field(self, errors: Mapping[str, list[str]]) -> Errors:
        """Sentences by the name of the form's field that they are about; those about none of them under ``."""
        found: Errors = {}
        for path, sentences in errors.items():
            found.setdefault(self._field(path), []).extend(sentences)
        return found

    def _field(self, path: str) -> str:
        fits = [one for one in self.asked if one.path and (path == one.key or path.startswith(f"{one.key}."))]
        if len(fits) > 1 and path.count(".") > 1:
            # Users and groups are one list of the request, users first.
            position, first = path.split(".")[2], fits[0]
            late = position.isdecimal() and int(position) >= len(first.values(self.typed))
            return fits[1].name if late else first.name
        return fits[0].name if fits else _ENVELOPE.get(path.partition(".")[0], "")

    def _place(self) -> dict[str, Any]:
        if self.kind.scope is Scope.ANYTHING:
            return self._about()
        names = ("cluster", "namespace") if self.kind.scope is Scope.NAMESPACE else ("cluster",)
        return {name: self.one(name) or None for name in names}

    def _about(self) -> dict[str, Any]:
        about = self.one("about")
        if about.startswith(_TENANT):
            return {"tenant": about.removeprefix(_TENANT)}
        cluster, _, namespace = about.partition("/")
        return {"cluster": cluster, "namespace": namespace} if namespace else {}

    def _fields(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for field in self.asked:
            answer = field.read(self.typed) if field.path else NOTHING
            if answer is not NOTHING:
                _put(made, field.path, answer)
        return made

    def _explained(self, fields: dict[str, Any]) -> dict[str, Any]:
        made = {name: dict(one) if isinstance(one, dict) else one for name, one in fields.items()}
        for field in self.asked:
            if field.words and not field.value(self.typed).strip():
                _put(made, field.path, "…")
        return made

    @property
    def length(self) -> str:
        """How long, as it was chosen or typed; empty where nothing was, NO_END where it shall stand."""
        chosen = self.one("duration")
        return self.one("length").strip() if chosen in ("", OTHER) else chosen

    def _duration(self) -> str | None:
        if self.length in ("", NO_END) or not self.kind.has_cluster_change:
            return None
        try:
            return format_duration(typed_duration(self.length))
        except ValueError:
            return self.length

    def _start(self) -> dict[str, Any]:
        at, begins, ends = self.one("starts_at"), self.one("restart_from"), self.one("restart_until")
        found: dict[str, Any] = {"starts_at": f"{at}Z" if _WITHOUT_ZONE.fullmatch(at) else at} if at else {}
        if begins or ends:
            days = self.typed.getlist("restart_days")
            hours = {name: one for name, one in (("from", begins), ("until", ends)) if one}
            found["restart_window"] = {**hours, **({"days": days} if days else {})}
        return found

    def to(self, cluster: str, namespace: str = "") -> str:
        """The address of the form at another place."""
        typed = Typed(self.typed)
        typed["cluster"] = cluster
        if namespace:
            typed["namespace"] = namespace
        return Draft(self.kind, typed).address(without=SEARCHES)

    def address(self, *, without: tuple[str, ...] = ()) -> str:
        """The address of the form with all that was typed."""
        names = (*WHERE, *SEARCHES, *(one.name for one in self.form.fields), *OTHERS)
        kept = [(name, one) for name in dict.fromkeys(names) for one in self.typed.getlist(name) if one]
        query = urlencode([(name, plain(one)) for name, one in kept if name not in without])
        return f"/new/{self.kind.name}{'?' if query else ''}{query}"


def again(ticket: Ticket, kind: Kind[Any]) -> Typed:
    """What one would have typed to ask for what a ticket has: place, fields, reason and length."""
    typed = Typed()
    for field in form_of(kind).fields:
        if field.path:
            typed.setlist(field.name, field.shown(_get(ticket.fields, field.path)))
        if field.sort is Sort.LINES and field.none and _get(ticket.fields, field.path) == []:
            typed[field.none] = "yes"
    named = {"cluster": ticket.cluster, "namespace": ticket.namespace, "reason": ticket.reason}
    typed.update({name: one for name, one in named.items() if one})
    if kind.scope is Scope.ANYTHING and ticket.namespace is None:
        typed["tenant"] = ticket.tenant.name
    typed["duration"] = NO_END if ticket.duration is None else format_duration(ticket.duration)
    if ticket.restart_window:
        typed.setlist("restart_days", ticket.restart_window["days"])
        typed["restart_from"], typed["restart_until"] = ticket.restart_window["from"], ticket.restart_window["until"]
    return typed


def about(typed: Typed) -> str:
    """The one choice of place of a kind that needs none, from what an address may name instead."""
    if typed.get("about"):
        return typed["about"]
    if typed.get("cluster") and typed.get("namespace"):
        return f"{typed['cluster']}/{typed['namespace']}"
    return f"{_TENANT}{typed['tenant']}" if typed.get("tenant") else ""


def _put(made: dict[str, Any], path: tuple[str, ...], answer: Any) -> None:
    for name in path[:-1]:
        made = made.setdefault(name, {})
    last = path[-1]
    made[last] = [*made[last], *answer] if isinstance(made.get(last), list) else answer


def _get(found: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
