"""Certificates of a window: fresh, an hour longer than the last ticket, their keys in the cluster's Secrets alone."""

from __future__ import annotations

import base64
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from portal.db import Base
from portal.mesh.viz.certificates import AUTHORITY, served_until, trusted
from portal.mesh.viz.names import annotations_of
from portal.states import State
from tests.workers.desk import Desk
from tests.workers.viz import API, HOOK, HOUR, SECRET, THERE, active, approved, carry, close, equip, expires, there
from workers.cluster.protocol import Object


def key_of(secret: Object) -> str:
    """The body of the private key in a Secret, without its frame."""
    pem = base64.b64decode(secret["data"]["tls.key"]).decode()
    assert "PRIVATE KEY" in pem
    return "".join(pem.split("\n")[1:-2])


def authority(obj: Object) -> str:
    return annotations_of(obj)[AUTHORITY]


def test_certificates_end_an_hour_after_the_window_and_callers_trust_them(desk: Desk) -> None:
    equip(desk)
    number = active(desk)
    secret = there(desk, SECRET)
    assert served_until(secret) == expires(desk, number) + HOUR
    assert authority(secret) == authority(there(desk, API))
    assert trusted(there(desk, API)).count("BEGIN CERTIFICATE") == 1
    assert trusted(there(desk, HOOK)).count("BEGIN CERTIFICATE") == 1
    assert close(desk, number) is State.CLOSED


def test_each_window_has_its_own(desk: Desk) -> None:
    equip(desk)
    seen = set()
    for _ in range(2):
        number = active(desk)
        seen.add(key_of(there(desk, SECRET)))
        assert close(desk, number) is State.CLOSED
    assert len(seen) == 2


def test_a_ticket_that_outlives_them_has_them_issued_anew_and_the_old_trusted_on(desk: Desk) -> None:
    equip(desk)
    first = active(desk)
    old = there(desk, SECRET)
    longer = active(desk, THERE, who="outsider", duration=4 * HOUR)
    new = there(desk, SECRET)
    assert served_until(new) == expires(desk, longer) + HOUR
    assert key_of(new) != key_of(old)
    for caller in (API, HOOK):
        assert trusted(there(desk, caller)).count("BEGIN CERTIFICATE") == 2
    assert authority(there(desk, API)) == authority(new) != authority(old)
    assert new["metadata"]["uid"] == old["metadata"]["uid"]
    for number, who in ((first, "member"), (longer, "outsider")):
        assert close(desk, number, who=who) is State.CLOSED


def test_a_renewal_within_them_changes_nothing(desk: Desk) -> None:
    equip(desk)
    first = active(desk, duration=2 * HOUR)
    old = there(desk, SECRET)
    second = approved(desk, duration=2 * HOUR, renews=f"MD-{first}")
    assert carry(desk, second) is State.ACTIVE
    assert there(desk, SECRET)["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"]


def test_no_key_is_in_the_database_or_the_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    equip(desk)
    keys = []
    first = active(desk)
    keys.append(key_of(there(desk, SECRET)))
    second = active(desk, THERE, who="outsider", duration=4 * HOUR)
    keys.append(key_of(there(desk, SECRET)))
    written = whole_database(desk)
    for number, who in ((first, "member"), (second, "outsider")):
        assert close(desk, number, who=who) is State.CLOSED
    written += whole_database(desk) + caplog.text
    assert "BEGIN CERTIFICATE" in written
    assert "PRIVATE KEY" not in written
    assert base64.b64encode(b"-----BEGIN PRIVATE KEY-----").decode()[:30] not in written
    for key in keys:
        assert key[:60] not in written
        assert base64.b64encode(key[:60].encode()).decode() not in written


def whole_database(desk: Desk) -> str:
    """Everything that the database holds: the file with its log on SQLite, every row of every table elsewhere."""
    url = make_url(str(desk.database.engine.url))
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        files = [path, path.with_name(f"{path.name}-wal")]
        return "".join(file.read_bytes().decode("latin-1") for file in files if file.exists())
    with desk.database.reading() as session:
        # As tuples: a Row shortens what it shows.
        rows = [tuple(row) for table in Base.metadata.sorted_tables for row in session.execute(table.select())]
    return str(rows)


def test_a_secret_of_another_authority_is_mended(desk: Desk) -> None:
    """As a worker leaves it that dies between the write of the Secret and the note of it, and one that came before."""
    equip(desk)
    number = active(desk)
    desk.practice.patch_object(SECRET, {"metadata": {"annotations": {AUTHORITY: "of another"}}})
    second = active(desk, THERE, who="outsider", duration=timedelta(minutes=30))
    assert authority(there(desk, SECRET)) == authority(there(desk, API))
    for one, who in ((number, "member"), (second, "outsider")):
        assert close(desk, one, who=who) is State.CLOSED
