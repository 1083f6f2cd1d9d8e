"""Bundles that a Secret of the cluster holds: only its workers may read it, so they do, and keep what is no secret."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import or_, select

from portal import outbox
from portal.db import database_now
from portal.errors import Gone, Refused, Transient
from portal.mesh.objects import ObjectRef
from portal.models import VizBundle
from portal.registry.bundles import secrets_to_read, take_secret
from workers.context import Context

log = logging.getLogger(__name__)

# A Secret that changes is seen after this long.
AGAIN_AFTER = timedelta(minutes=10)


def call_for_bundles(context: Context) -> None:
    """Have the Secrets read that were not read yet, or a while ago."""
    with context.database.unit_of_work() as session:
        now = database_now(session)
        old = or_(VizBundle.checked_at.is_(None), VizBundle.checked_at <= now - AGAIN_AFTER)
        for name in session.scalars(select(VizBundle.cluster).where(old)).all():
            if secrets_to_read(session, name):
                outbox.send_once(session, outbox.Call("meshdesk.bundle", name, outbox.apply_queue(name)), now=now)


def read_bundle(context: Context, name: str) -> None:
    """Read the Secret that the registry names for a cluster; harmless where it names none."""
    with context.database.reading() as session:
        place = secrets_to_read(session, name)
    if place is None:
        return
    try:
        found = _content(context, name, ObjectRef("v1", "Secret", *place))
    except Transient as error:
        log.warning("the bundle of %s: %s", name, error.sentence)
        return
    with context.database.unit_of_work() as session:
        now = database_now(session)
        if take_secret(session, name, found, now=now):
            log.info("the bundle of %s is another now", name)
        row = session.get(VizBundle, name)
        if row is not None:
            row.checked_at = now


def _content(context: Context, name: str, ref: ObjectRef) -> Mapping[str, str] | str:
    """The texts of the Secret by key, or a sentence why they cannot be read."""
    try:
        data = context.connect(name).object(ref).get("data") or {}
        return {key: base64.b64decode(value, validate=True).decode() for key, value in data.items()}
    except (Gone, Refused) as error:
        return error.sentence
    except (binascii.Error, UnicodeDecodeError):
        return f"{ref} holds something that is no text: put the manifest into it as it was rendered."
