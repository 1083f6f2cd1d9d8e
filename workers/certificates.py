"""Reading the certificates of each cluster's mesh, once an hour: the sweep calls for it, workers write down what is."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import and_, or_, select

from portal import outbox
from portal.db import database_now
from portal.errors import ClusterError
from portal.models import CertificateReading, Cluster
from workers.certificate_rows import note_failure, write
from workers.certificate_sources import everything
from workers.context import Context

log = logging.getLogger(__name__)

TASK = "meshdesk.certificates"
AGAIN_AFTER, AFTER_A_FAILURE = timedelta(hours=1), timedelta(minutes=5)


def call_for_certificates(context: Context) -> None:
    """Have the certificates read of the clusters where nobody did for an hour."""
    with context.database.unit_of_work() as session:
        now, tried = database_now(session), CertificateReading.tried_at
        whole = and_(CertificateReading.problem.is_(None), tried > now - AGAIN_AFTER)
        read = select(CertificateReading.cluster).where(or_(whole, tried > now - AFTER_A_FAILURE))
        for name in session.scalars(select(Cluster.name).where(Cluster.active, Cluster.name.not_in(read))).all():
            outbox.send_once(session, outbox.Call(TASK, name, outbox.look_queue(name)), now=now)


def read_certificates(context: Context, name: str) -> None:
    """Read the certificates of one cluster and write them down; one that does not answer is written down as that."""
    try:
        cluster = context.connect(name)
        found, root = everything(cluster, cluster.mesh().namespace)
    except ClusterError as error:
        log.warning("certificates of %s: %s", name, error.sentence)
        with context.database.unit_of_work() as session:
            note_failure(session, name, error.sentence, now=database_now(session))
        return
    with context.database.unit_of_work() as session:
        write(session, name, found, root=root, now=database_now(session))
