"""Who is asked for approvals by group or name: for them a ticket exists, whatever their tenants."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from portal.access.actor import Actor
from portal.models import Ticket


class _AsksOneOf(FunctionElement[bool]):
    """True where the approvals of a ticket name one of the hats: JSON functions differ between databases."""

    type = Boolean()
    inherit_cache = True
    name = "asks_one_of"


@compiles(_AsksOneOf, "sqlite")
def _on_sqlite(element: _AsksOneOf, compiler: SQLCompiler, **more: Any) -> str:
    approvals, *hats = (compiler.process(clause, **more) for clause in element.clauses)
    one_of = f"json_extract(approval.value, '$.from') IN ({', '.join(hats)})"
    return f"EXISTS (SELECT 1 FROM json_each({approvals}) AS approval WHERE {one_of})"  # noqa: S608 - clauses as SQLAlchemy compiled them


@compiles(_AsksOneOf, "postgresql")
def _on_postgresql(element: _AsksOneOf, compiler: SQLCompiler, **more: Any) -> str:
    approvals, *hats = (compiler.process(clause, **more) for clause in element.clauses)
    one_of = f"approval ->> 'from' IN ({', '.join(hats)})"
    return f"EXISTS (SELECT 1 FROM jsonb_array_elements({approvals}) AS approval WHERE {one_of})"  # noqa: S608 - the same


def asked_by_name(by: Actor) -> ColumnElement[bool]:
    """The condition for tickets whose rule asks the actor by group or by name."""
    # Few tickets are such, and an index has them: the others are not looked into.
    named = select(Ticket.id).where(Ticket.asks_named, _AsksOneOf(Ticket.approvals, *sorted(by.named_hats)))
    return Ticket.id.in_(named)
