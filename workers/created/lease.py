"""One worker at a time creates and deletes the objects of a target: such objects have no version to test a write by."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import or_, update

from portal.db import database_now
from portal.errors import Transient
from portal.models import Target
from workers.context import Context, Spot

Keep = Callable[[], None]


@contextmanager
def exclusively(context: Context, spot: Spot, keep: Keep) -> Iterator[Keep]:
    """Hold the target's objects in the block; gives what renews this hold, and with it the caller's own claim.

    Raises Transient while another worker holds them, and when this hold was lost to one.
    """
    token = secrets.token_hex(16)
    if not _hold(context, spot, token, taking=True):
        raise Transient(f"Another worker is at {spot.ref} on {spot.cluster}; this goes on by itself.")

    def both() -> None:
        keep()
        if not _hold(context, spot, token, taking=False):
            raise Transient(f"Another worker has taken {spot.ref} on {spot.cluster} over; this goes on by itself.")

    try:
        yield both
    finally:
        _release(context, spot, token)


def _hold(context: Context, spot: Spot, token: str, *, taking: bool) -> bool:
    with context.database.unit_of_work() as session:
        now = database_now(session)
        free = or_(Target.claim_until.is_(None), Target.claim_until <= now)
        condition = free if taking else Target.claim_token == token
        held = session.execute(
            update(Target)
            .where(Target.id == spot.target_id, condition)
            .values(claim_token=token, claim_until=now + context.config.lease)
        )
        return bool(held.rowcount)  # type: ignore[attr-defined]


def _release(context: Context, spot: Spot, token: str) -> None:
    with context.database.unit_of_work() as session:
        session.execute(
            update(Target)
            .where(Target.id == spot.target_id, Target.claim_token == token)
            .values(claim_token=None, claim_until=None)
        )
