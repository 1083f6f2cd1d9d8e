"""docs/access.md says who may do what as the table of rights does."""

from __future__ import annotations

import re
from pathlib import Path

from portal.access.actor import Scope
from portal.access.rights import RIGHTS, Action, Right, who
from portal.models import Role

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text("utf-8")


def row_of(action: Action, right: Right) -> str:
    people = "anybody, with what is their own" if right.anybody else who(right)
    return f"| {action} | `{right.scope}` | {people} |"


def test_the_table_of_actions_is_that_of_the_code() -> None:
    table = PAGE.partition("| action | scope | who |\n| --- | --- | --- |\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [row_of(action, right) for action, right in RIGHTS.items()]


def test_every_role_and_scope_is_told() -> None:
    told = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert {*Role, *Scope} <= told
