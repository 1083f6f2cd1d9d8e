"""What a request would meet: the preview of the API, or what is wrong with it, for the column beside the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.api.context import parts
from portal.api.previews import preview_view
from portal.db import database_now
from portal.errors import Duplicate, Invalid, MeshdeskError
from portal.tickets import asking
from portal.tickets.ask import Ask
from portal.web.asking.draft import Draft, Errors
from portal.wording import diffs_in


@dataclass(frozen=True)
class Verdict:
    """What a request would meet (None: that cannot be told yet), what is wrong by field, and why it is refused whole.

    `ask` is what met it, `ref` is the ticket that asks for the same already.
    """

    met: dict[str, Any] | None = None
    errors: Errors = field(default_factory=dict)
    refusal: str = ""
    ref: str = ""
    ask: Ask | None = None

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Those of all targets."""
        return [one for target in self.met["targets"] for one in target["findings"]] if self.met else []

    def of(self, severity: str) -> list[dict[str, Any]]:
        """The findings that block it, warn, or are only good to know (`blocking`, `warning`, `info`)."""
        return [one for one in self.findings if one["severity"] == severity]

    @property
    def changes(self) -> Sequence[tuple[str, str]]:
        """The diff of each target that changes."""
        return diffs_in(self.met["targets"]) if self.met else ()

    @property
    def said(self) -> str:
        """All of it in a sentence, for those who do not see it."""
        if self.met is not None and not self.errors:
            return str(self.met["next"])
        if self.refusal:
            return self.refusal
        return f"{len(self.errors)} still to fill in or mend." if self.errors else ""


def verdict_of(session: Session, draft: Draft, *, by: Actor) -> Verdict:
    """What the API's preview would say. Without the reason, which decides nothing, the rest is told all the same."""
    wrong = draft.faults()
    errors = draft.by_field(wrong)
    if set(wrong) - draft.explaining:
        return refused(draft, Invalid(wrong))
    try:
        ask = draft.ask(without_words=True)
        prepared = asking.prepare(session, ask, by=by, shortest=parts().config.shortest_window)
        met = preview_view(session, prepared, by=by, now=database_now(session))
    except MeshdeskError as error:
        found = refused(draft, error)
        return Verdict(None, {**found.errors, **errors}, found.refusal, found.ref)
    return Verdict(met, errors, ask=ask)


def refused(draft: Draft, error: MeshdeskError) -> Verdict:
    """A refusal, at the fields that it is about."""
    if isinstance(error, Duplicate):
        # What to do about it the page says by links.
        return Verdict(refusal=f"{error.sentence.partition(':')[0]}.", ref=error.ref)
    if not isinstance(error, Invalid):
        return Verdict(refusal=error.sentence)
    errors = draft.by_field(error.errors)
    return Verdict(errors=errors, refusal=" ".join(errors.pop("", [])))
