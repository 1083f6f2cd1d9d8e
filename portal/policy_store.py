"""The policies that were ever in force, kept by their hash; the product's own counts until one is applied."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit, queries
from portal.db import database_now
from portal.models import PolicyVersion, Ticket
from portal.policy import Policy, Route, default_policy, load_policy


def current_policy(session: Session) -> Policy:
    """The policy in force, as it is today."""
    text = queries.policy_text(session)
    return (default_policy() if text is None else _loaded(text)).on(database_now(session).date())


@lru_cache(maxsize=8)
def _loaded(text: str) -> Policy:
    # Previews ask for it as often as somebody types, and reading one takes longer than all the rest of them.
    return load_policy(text)


def route_of(session: Session, ticket: Ticket) -> Route | None:
    """The rule of the policy that routed the ticket; None where that policy is not kept any more."""
    policy = policy_of(session, ticket.policy_hash)
    return next((rule.route for rule in policy.rules if rule.name == ticket.rule), None)


def policy_of(session: Session, digest: str) -> Policy:
    """The policy of that hash, as a ticket remembers it; the one in force where it is not kept."""
    default = default_policy()
    if digest == default.digest:
        return default.on(database_now(session).date())
    query = select(PolicyVersion.text).where(PolicyVersion.digest == digest).limit(1)
    text = session.scalar(query)
    return current_policy(session) if text is None else _loaded(text).on(database_now(session).date())


def apply_policy(session: Session, text: str, *, by: str, now: datetime) -> bool:
    """Put a policy in force; False when it is in force already. Raises FileInvalid with the lines to mend."""
    policy = load_policy(text)
    if policy.digest == current_policy(session).digest:
        return False
    session.add(PolicyVersion(applied_at=now, applied_by=by, digest=policy.digest, text=text))
    deed = audit.Deed("policy:applied", by, {"digest": policy.digest, "rules": [rule.name for rule in policy.rules]})
    audit.record(session, audit.SYSTEM_CHAIN, deed, now=now)
    return True
