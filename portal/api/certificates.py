"""The certificates of a cluster's mesh, as workers last read them where anybody may."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.api.answering import answer
from portal.api.clusters import SightSchema, clusters_seen
from portal.api.context import actor, parts
from portal.api.schema_base import Instant, Output
from portal.api.sights import age_seconds
from portal.api.smorest import Blueprint
from portal.db import database_now
from portal.errors import NotFound
from portal.mesh.certificates import Standing, days_left, title, what_to_do
from portal.models import MeshCertificate
from portal.queries.certificates import Seen, on_an_older_root, seen

blueprint = Blueprint("certificates", "The certificates that a cluster's mesh lives on.")


class CertificateSchema(Output):
    """One certificate."""

    role = fields.String(metadata={"description": "trust-anchor, issuer, proxy-injector, sp-validator, …"})
    title = fields.String()
    subject = fields.String(allow_none=True)
    serial = fields.String(allow_none=True, metadata={"description": "In hex."})
    fingerprint = fields.String(
        allow_none=True, metadata={"description": "sha256 in hex; null: only its ends are told."}
    )
    algorithm = fields.String(allow_none=True)
    not_before = Instant(allow_none=True)
    not_after = Instant(allow_none=True, metadata={"description": "Null: not known, and `problem` says why."})
    renews_at = Instant(allow_none=True, metadata={"description": "When cert-manager renews it by itself."})
    days_left = fields.Integer(allow_none=True, metadata={"description": "Whole days; negative once it has ended."})
    standing = fields.String(metadata={"description": f"One of: {', '.join(Standing)}. `ending`: within 60 days."})
    source = fields.String(metadata={"description": "The object that it was read from; never a Secret."})
    problem = fields.String(allow_none=True)
    next = fields.String(allow_none=True, metadata={"description": "What to do where it needs somebody."})


class CertificatesSchema(SightSchema):
    """The certificates of a cluster, those that need somebody first."""

    cluster = fields.String()
    standing = fields.String(metadata={"description": "The worst of those that are known; `not known`: none was read."})
    root_sha256 = fields.String(
        allow_none=True, metadata={"description": "Of the exact bytes of the trust anchors that new pods are given."}
    )
    on_an_older_root = fields.Integer(
        allow_none=True, metadata={"description": "Your workloads with pods of an older root; null: not counted yet."}
    )
    items = fields.List(fields.Nested(CertificateSchema))


CERTIFICATES = CertificatesSchema()


@blueprint.route("/clusters/<name>/certificates")
@blueprint.response(200, CERTIFICATES)
def certificates(name: str) -> Response:
    """Tell the ends of trust anchors, issuer and webhook certificates of a cluster on which you have namespaces."""
    with parts().database.reading() as session:
        if name not in {one.name for one in clusters_seen(session)}:
            raise NotFound(f"No cluster {name} has namespaces of yours: GET /clusters lists those that have.")
        return answer(CERTIFICATES, certificates_view(session, name, by=actor(), now=database_now(session)))


def certificates_view(session: Session, cluster: str, *, by: Actor, now: datetime) -> dict[str, Any]:
    """What CertificatesSchema shows."""
    found = seen(session, [cluster])[cluster]
    return {**summary(found, now), "on_an_older_root": on_an_older_root(session, cluster, by=by)}


def summary(found: Seen, now: datetime) -> dict[str, Any]:
    """The same without what posture counts."""
    reading, standings = found.reading, found.standings(now)
    known = [standing for _, standing in standings if standing is not Standing.UNKNOWN]
    seen_at = None if reading is None else reading.seen_at
    return {
        "cluster": found.cluster,
        "seen_at": seen_at,
        "age_seconds": age_seconds(seen_at, now),
        "problem": None if reading is None else reading.problem,
        "standing": known[0] if known else Standing.UNKNOWN,
        "root_sha256": None if reading is None else reading.root_sha256,
        "items": [_view(row, standing, now) for row, standing in standings],
    }


def _view(row: MeshCertificate, standing: Standing, now: datetime) -> dict[str, Any]:
    same = ("role", "subject", "serial", "algorithm", "not_before", "not_after", "renews_at", "source", "problem")
    needs = standing not in (Standing.GOOD, Standing.UNKNOWN)
    return {
        **{name: getattr(row, name) for name in same},
        "title": title(row.role),
        "fingerprint": row.fingerprint or None,
        "days_left": None if row.not_after is None else days_left(row.not_after, now),
        "standing": standing,
        "next": what_to_do(row.role) if needs else None,
    }
