"""`python -m portal.practice`: people of the practice clusters and their tokens; `meshdesk up` runs it each time."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib import resources

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import registry
from portal.config import Config
from portal.db import Database
from portal.errors import ConfigurationError
from portal.models import Person
from portal.practice.tokens import write_tokens
from portal.registry.file import RegistryFile, load_registry
from portal.registry.reading import with_bundles
from portal.tickets import following

BY = "practice run"


def practice_registry() -> RegistryFile:
    """The registry of the practice clusters, with the Viz bundle that both share."""
    with resources.as_file(resources.files(__package__ or "portal.practice")) as folder:
        return with_bundles(load_registry((folder / "registry.yaml").read_text("utf-8")), folder)


def prepare(database: Database, config: Config, now: datetime) -> None:
    """Bring in the practice registry, unless somebody applied another, and write the tokens; safe to run again."""
    wanted = practice_registry()
    with database.unit_of_work() as session:
        if config.local_sign_in:
            _refuse_real_people(session)
        last = registry.last_applied(session)
        if last is None or last.applied_by == BY:
            following.apply(session, wanted, by=BY, now=now)
    write_tokens(database, config.var / "tokens.json", now)


def _refuse_real_people(session: Session) -> None:
    if session.scalar(select(Person.name).where(Person.issuer.is_not(None)).limit(1)) is not None:
        raise ConfigurationError(
            "People of an identity provider have signed in to this database, so nobody may be anybody in it: give the "
            "run another folder by VAR, or set MESHDESK_LOCAL_SIGN_IN=off."
        )


def main() -> int:
    """Prepare this run's database; 1 and a sentence where that is refused."""
    config = Config.from_env()
    database = Database(config.database)
    try:
        prepare(database, config, datetime.now(UTC))
    except ConfigurationError as error:
        print(error.sentence, file=sys.stderr)  # noqa: T201 - a command of its own
        return 1
    finally:
        database.dispose()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
