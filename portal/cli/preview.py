"""A preview as a page of plain text: rule, approvers, and what would change on each workload."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from portal.cli.decided import approvals_text
from portal.cli.page import finding_text, painted, where_text
from portal.durations import in_words, typed_duration
from portal.wording import diffs_in

Found = dict[str, Any]


def preview_page(found: Found) -> str:
    """The page of a preview."""
    return "\n".join([*_facts(found), *(line for target in found["targets"] for line in _target(target))])


def _facts(found: Found) -> list[str]:
    longest = "no limit" if found["longest"] is None else f"at most {in_words(typed_duration(found['longest']))}"
    return [
        f"{found['kind']}, {where_text(found)}: not stored",
        f"  next       {found['next']}",
        f"  rule       {found['rule']}: {found['rule_reason']}",
        f"  approvals  {approvals_text(found)}",
        f"  duration   {longest}",
        *(f"  noted      {note}" for note in found["notes"]),
        *_inventory(found),
    ]


def _inventory(found: Found) -> list[str]:
    # What changes no cluster is made from nothing that was seen there.
    if found["age_seconds"] is None:
        return []
    return [f"  inventory  {in_words(timedelta(seconds=found['age_seconds']))} old"]


def _target(target: Found) -> list[str]:
    change = [painted(diff) for _, diff in diffs_in(target["change"])]
    return [
        "",
        target["workload"],
        *(f"  {finding_text(one)}" for one in target["findings"] or []),
        *(change or ["  Nothing would change on its pod template."]),
    ]
