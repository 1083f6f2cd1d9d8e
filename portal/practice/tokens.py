"""Ready tokens for a person of each role of the practice registry; `meshdesk up` writes them at each start."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from portal.access import tokens
from portal.db import Database
from portal.errors import NotFound, SignInNeeded

PEOPLE = ("member", "owner", "partner", "partner2", "operator", "auditor", "outsider", "outsider_partner")
LIFETIME = timedelta(days=90)
AT_LEAST = timedelta(days=1)


def write_tokens(database: Database, path: Path, now: datetime) -> dict[str, str]:
    """Write the tokens by name to `path`, readable by its owner only, and return them.

    Tokens of the file that work for another day are kept; people whom the registry names no more are left out.
    """
    before = _read(path)
    with database.unit_of_work() as session:
        found = {name: _token(session, name, before.get(name), now) for name in PEOPLE}
    kept = {name: token for name, token in found.items() if token is not None}
    _write(path, kept)
    return kept


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _token(session: Session, name: str, before: str | None, now: datetime) -> str | None:
    try:
        if before is not None and tokens.actor_of(session, before, now=now + AT_LEAST)[0].name == name:
            return before
    except SignInNeeded:
        pass
    try:
        return tokens.issue(session, person=name, name="practice run", now=now, lifetime=LIFETIME)
    except NotFound:
        return None


def _write(path: Path, found: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    # Created with its mode, so that nobody can read it in between; and renamed, so that no reader finds half of it.
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(found, file, indent=2)
        file.write("\n")
    fresh.replace(path)
