"""Who reads a cluster's posture: one worker at a time, and nobody else writes what it finds. posture.py asks."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.db import Database, database_now
from portal.models import PostureCluster

HOLDS = timedelta(minutes=2)
_RENEW_SECONDS = 30.0
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Lost(Exception):
    """Somebody else has the claim by now: what was read must not be written."""


class Claim:
    """The claim on one cluster, told by the moment at which it was taken."""

    def __init__(self, database: Database, cluster: str, taken_at: datetime) -> None:
        self._database, self.cluster, self.taken_at = database, cluster, taken_at
        self._renewed = time.monotonic()

    @classmethod
    def take(cls, database: Database, cluster: str) -> Claim | None:
        """The claim; None while somebody else holds it."""
        _ensure_row(database, cluster)
        with database.unit_of_work() as session:
            now = database_now(session)
            row = update(PostureCluster).where(PostureCluster.cluster == cluster)
            free = or_(PostureCluster.reading_until.is_(None), PostureCluster.reading_until <= now)
            taken = session.execute(row.where(free).values(tried_at=now, reading_until=now + HOLDS))
            return cls(database, cluster, now) if taken.rowcount == 1 else None  # type: ignore[attr-defined]

    def renew(self) -> None:
        """Hold it on while the reading goes on, at most every half minute; raises Lost."""
        if time.monotonic() - self._renewed < _RENEW_SECONDS:
            return
        with self._database.unit_of_work() as session:
            self.hold(session, reading_until=database_now(session) + HOLDS)
        self._renewed = time.monotonic()

    def hold(self, session: Session, **values: Any) -> None:
        """Write these values of the cluster's row in a transaction of the reading; raises Lost."""
        mine = (PostureCluster.cluster == self.cluster, PostureCluster.tried_at == self.taken_at)
        held = session.execute(
            update(PostureCluster).where(*mine, PostureCluster.reading_until.is_not(None)).values(values)
        )
        if held.rowcount != 1:  # type: ignore[attr-defined]
            raise Lost


def _ensure_row(database: Database, cluster: str) -> None:
    with database.reading() as session:
        if session.get(PostureCluster, cluster) is not None:
            return
    try:
        with database.unit_of_work() as session:
            session.add(PostureCluster(cluster=cluster, tried_at=_NEVER, facts={}))
    except IntegrityError:
        # Another worker's first reading came in between.
        return
