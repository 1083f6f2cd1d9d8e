"""`meshdesk audit`: prove the audit trail, and seal it."""

from __future__ import annotations

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import audit as trail
from portal.cli.failures import Failure
from portal.cli.operating import by_option, now, opened_database, operator
from portal.errors import NotFound
from portal.models import AuditChain


@click.group()
def audit() -> None:
    """Prove the audit trail unchanged, and seal it."""


@audit.command()
@click.argument("ref", required=False)
def verify(ref: str | None) -> None:
    """Prove the chain of REF (MD-142, or `system`), or every chain; exit with 1 and the faults where it fails."""
    chain = None if ref is None else ref.upper() if ref != trail.SYSTEM_CHAIN else ref
    with opened_database() as database, database.reading() as session:
        proven = _proven(session, chain)
        faults = list(trail.verify(session, chain))
    if faults:
        raise Failure("\n".join(f"{fault.chain}, event {fault.number}: {fault.sentence}." for fault in faults))
    click.echo(proven)


def _proven(session: Session, chain: str | None) -> str:
    wanted = select(func.count(), func.coalesce(func.sum(AuditChain.length), 0)).select_from(AuditChain)
    chains, events = session.execute(wanted if chain is None else wanted.where(AuditChain.name == chain)).one()
    if chain is not None and not chains:
        raise NotFound(f"There is no chain {chain}.")
    name = chain or trail.SYSTEM_CHAIN
    head = session.scalar(select(AuditChain.head).where(AuditChain.name == name)) or trail.START
    counted = f"{chains} chain{'' if chains == 1 else 's'}, {events} event{'' if events == 1 else 's'}"
    return f"Proven: {counted}. Head of the chain {name}: {head}"


@audit.command()
@by_option
def seal(by: str | None) -> None:
    """Write the heads of all chains that grew into the system's chain."""
    with opened_database() as database, database.unit_of_work() as session:
        event = trail.seal(session, actor=operator(by), now=now())
        said = "Nothing grew since the last seal." if event is None else f"Sealed by event {event.number}: {event.hash}"
    click.echo(said)
