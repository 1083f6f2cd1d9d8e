"""When a cluster's posture is read: every so often, and soon after work on the cluster is done. The sweep calls it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from portal import outbox
from portal.db import database_now
from portal.models import Cluster, Message, PostureCluster
from workers.context import Context

# Rollouts call a worker again and again: one reading follows them all, and no more than one a half minute.
SETTLED = timedelta(seconds=10)
AT_MOST_EVERY = timedelta(seconds=30)
_WORK = ("meshdesk.apply", "meshdesk.undo")


def call_for_postures(context: Context) -> None:
    """Have the posture of each cluster that is due read."""
    with context.database.unit_of_work() as session:
        now = database_now(session)
        for name in due(session, now, context.config.posture_every):
            outbox.ask_posture(session, name, now=now)


def due(session: Session, now: datetime, every: timedelta) -> Iterator[str]:
    """The clusters whose last reading is that old, or older than work that was done there since."""
    tried = PostureCluster.tried_at
    worked = exists().where(
        Message.task.in_(_WORK),
        or_(
            Message.queue == "cluster." + Cluster.name + ".apply", Message.queue == "cluster." + Cluster.name + ".undo"
        ),
        Message.taken_at > tried,
        Message.taken_at <= now - SETTLED,
    )
    query = select(Cluster.name).join(PostureCluster, PostureCluster.cluster == Cluster.name, isouter=True)
    busy = (tried <= now - min(every, AT_MOST_EVERY)) & worked
    yield from session.scalars(query.where(Cluster.active, or_(tried.is_(None), tried <= now - every, busy)))
