"""Talking: comments on a ticket, by whoever may see it, and the people whom they mention."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.models import Comment, Ticket
from portal.tickets.moving import may, take_for_change, testify

# Names may hold dots and @ (a mail address), so what follows @ is a name with, perhaps, the sentence's own signs after.
_MENTION = re.compile(r"(?<![^\s(\[\"'])@([^\s@]\S*)")
_SIGNS = ".,:;!?)]\"'"


def comment(session: Session, ticket_id: int, *, text: str, by: Actor, now: datetime) -> Comment:
    """Say something on a ticket; people of its tenant and operators may."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.COMMENT, ticket)
    said = say(session, ticket, Comment(sort="comment", text=text), by=by, now=now)
    testify(session, ticket, "comment:added", by=by, now=now, text=text, mentions=said.mentions)
    return said


def say(session: Session, ticket: Ticket, said: Comment, *, by: Actor, now: datetime) -> Comment:
    """Put what somebody says on a ticket that was taken for a change, with the people whom it mentions."""
    said.ticket_id, said.author_id, said.created_at = ticket.id, by.person_id, now  # type: ignore[assignment]
    said.mentions = _mentions(session, ticket, said.text)
    session.add(said)
    session.flush()
    return said


def _mentions(session: Session, ticket: Ticket, text: str) -> list[str]:
    """The names after @ of people who see the ticket, each once. Any other stays text: nobody learns who there is."""
    named = [match[1] for match in _MENTION.finditer(text)]
    seeing = queries.people_who_see(session, ticket) if named else frozenset()
    found = (next((name for name in _readings(one) if name in seeing), None) for one in named)
    return list(dict.fromkeys(name for name in found if name is not None))


def _readings(word: str) -> list[str]:
    """`partner.` may name `partner.` or, the dot being the sentence's, `partner`: the longest first."""
    bare = word.rstrip(_SIGNS)
    return [word[:end] for end in range(len(word), len(bare) - 1, -1) if end]
