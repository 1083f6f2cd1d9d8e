"""A ticket as a page of plain text: state, what is next, approvals, window, targets, findings and the change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from portal.cli.decided import approvals_text, conditions, decisions, trimmed
from portal.cli.kinds import goal_of
from portal.cli.output import instant, paint, state_text, table
from portal.cli.standing import standing_lines
from portal.cli.times import left_until
from portal.cli.words import time_text
from portal.durations import in_words, typed_duration
from portal.probe_words import certificate_text, place_text, weight_of
from portal.wording import commits_in, diffs_in, field_text, progress_text, removed_text, weight

Ticket = dict[str, Any]
SEVERITIES = {"blocking": "red", "warning": "yellow"}
OVER = frozenset({"closed", "rejected", "withdrawn", "lapsed"})
DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def brief(ticket: Ticket) -> str:
    """One line: where the ticket is and what is next."""
    return f"{ticket['ref']} is {state_text(ticket['state'], ticket['outcome'])}. {ticket['next']}"


def whole(ticket: Ticket, evidence: list[dict[str, Any]], now: datetime) -> str:
    """The page of one ticket."""
    blocks = [
        _facts(ticket, now),
        trimmed(ticket),
        decisions(ticket),
        conditions(ticket),
        _findings(ticket),
        probe_text(ticket["probe"]),
        _targets(ticket),
        _usage(ticket),
        change_of(evidence),
        _commits(evidence),
        compared_of(evidence),
    ]
    return "\n\n".join(block for block in blocks if block)


def _facts(ticket: Ticket, now: datetime) -> str:
    lines = [(name, text) for name, text in _lines(ticket, now) if text]
    width = max(len(name) for name, _ in lines)
    head = f"{ticket['ref']}  {ticket['kind']}  {state_text(ticket['state'], ticket['outcome'])}"
    return "\n".join([head, *(f"  {name:<{width}}  {text}" for name, text in lines)])


def _lines(ticket: Ticket, now: datetime) -> Iterator[tuple[str, str]]:
    yield "next", ticket["next"]
    if ticket["problem"] and ticket["problem"] not in ticket["next"]:
        yield "problem", ticket["problem"]
    if asked := ticket["question"]:
        yield "question", f"{asked['who']}, {instant(asked['at'])}: {asked['text']}"
    yield "answer", ticket["answer"] or ""
    yield "taken by", ticket["taken_by"] or ""
    yield "where", where_text(ticket)
    yield "asked by", f"{ticket['asked_by'] or ticket['requester']}, {instant(ticket['created_at'])}"
    yield "handed to", ticket["requester"] if ticket["asked_by"] else ""
    yield (
        "adopts",
        {"keep": "what is there already", "close": "what is there, to take it out"}.get(ticket["adopts"], ""),
    )
    yield "reason", ticket["reason"]
    yield from (field_text(name, value) for name, value in ticket["fields"].items())
    yield from (("noted", note) for note in ticket["notes"])
    yield "renews", ticket["renews"] or ""
    yield "before", _before(ticket)
    yield "rule", f"{ticket['rule']}: {ticket['rule_reason']}"
    yield "approvals", approvals_text(ticket)
    yield "starts", instant(ticket["starts_at"], "")
    yield from standing_lines(ticket, now)
    # What people carry out opens no window.
    yield "window", _window(ticket, now) if goal_of(ticket["kind"]) == "active" else ""
    yield "ended", ending_text(ticket)


def _before(ticket: Ticket) -> str:
    found = ticket["history"]
    if not found["count"]:
        return ""
    told = f"{found['count']} like it: {found['approved']} approved, {found['rejected']} rejected"
    return f"{told} (meshdesk history {ticket['ref']})"


def told_line(notices: list[dict[str, Any]]) -> str:
    """The last thing that somebody was told of a ticket, and how it went; nothing where nobody was told."""
    if not notices:
        return ""
    last = notices[-1]
    told = ", ".join(f"{one['recipient']} ({one['state']})" for one in last["told"]) or ", ".join(last["recipients"])
    return f"Told last, {instant(last['at'])}: {last['title']}: {told}. All: meshdesk notices {last['ref']}"


def where_text(asked: dict[str, Any]) -> str:
    """The place of a ticket or a preview, as far as it has one."""
    if asked["cluster"] is None:
        return f"no cluster; for {asked['tenant']}"
    inside = f", namespace {asked['namespace']}" if asked["namespace"] else ""
    return f"{asked['cluster']}{inside} of {asked['tenant']} ({asked['environment']})"


def _window(ticket: Ticket, now: datetime) -> str:
    if ticket["active_from"] is None:
        return "no end" if ticket["duration"] is None else f"{time_text(ticket['duration'])} from when it is written"
    until = ticket["expires_at"]
    span = f"{instant(ticket['active_from'])} to {instant(until, 'no end')}"
    left = None if until is None else left_until(until, now)
    if left is None or ticket["state"] not in ("applying", "active"):
        return span
    return f"{span} ({in_words(left)} left)" if left > timedelta(0) else f"{span} (over)"


def duration_of(ticket: Ticket) -> timedelta:
    """How long a ticket's window lasts."""
    return typed_duration(ticket["duration"])


def ending_text(ticket: Ticket) -> str:
    """Why it ended, and by whom; empty while it has not."""
    parts = [ticket["outcome"], ticket["ended_by"] and f"by {ticket['ended_by']}", ticket["end_reason"]]
    return ", ".join(part for part in parts if part)


def _findings(ticket: Ticket) -> str:
    preflight = ticket["preflight"]
    if preflight is None:
        return ""
    verdict = "nothing hinders the change" if preflight["clean"] else paint("it found what blocks the change", "red")
    return "\n".join([f"Preflight, {instant(preflight['at'])}: {verdict}", *findings_lines(preflight["findings"])])


def probe_text(probe: dict[str, Any] | None) -> str:
    """Whether a worker saw that the application encrypts, port by port."""
    if probe is None:
        return ""
    if probe["state"] == "running":
        return "Encrypted by the application: still being tried"
    seen_at = datetime.fromisoformat(probe["at"])
    head = f"Encrypted by the application, {instant(probe['at'])}: {_result(probe['result'])}"
    return "\n".join([head, *(f"    {_port_text(one, seen_at)}" for one in probe["ports"])])


def _port_text(port: dict[str, Any], seen_at: datetime) -> str:
    told = f"{port['workload']} {place_text(port)}: {port['why']} {certificate_text(port, seen_at)}".rstrip()
    return f"{_result(port['result'])}: {told}"


def _result(word: str) -> str:
    return paint(word, SEVERITIES.get(weight_of(word)))


def findings_lines(findings: list[Any] | None) -> Iterator[str]:
    """Findings under the workload that each is about, what blocks first."""
    about: dict[str, list[Any]] = {}
    for one in findings or []:
        about.setdefault(str(one.get("target") or "") if isinstance(one, dict) else "", []).append(one)
    for target, found in about.items():
        yield from [f"  {target}"] if target else []
        yield from (f"    {finding_text(one)}" for one in sorted(found, key=weight))


def finding_text(finding: Any) -> str:
    """A finding as a line, whatever parts it has."""
    if not isinstance(finding, dict):
        return str(finding)
    colour = SEVERITIES.get(finding.get("severity", ""))
    told = " ".join(finding[part] for part in ("fact", "meaning") if finding.get(part))
    return f"{paint(str(finding.get('severity', 'info')), colour)}: {told or finding.get('code')}"


def _targets(ticket: Ticket) -> str:
    rows = [
        (
            target["workload"],
            instant(target["written_at"]),
            instant(target["proven_at"]),
            "-" if ticket["state"] in OVER else progress_text((ticket["progress"] or {}).get(target["workload"])),
            removed_text(target["suspended"]),
        )
        for target in ticket["targets"]
    ]
    heads = ("TARGET", "WRITTEN", "PROVEN", "SHOWN", "REMOVED BY SOMEBODY")
    return table(heads, rows).rstrip() if rows else ""


def _usage(ticket: Ticket) -> str:
    """What people type or open, with what it is for: each on a line of its own, so that it can be copied whole."""
    lines = [line for one in ticket["usage"] for line in (f"  {one['title']}:", f"    {one['text']}")]
    return "\n".join(["How to use it", *lines]) if lines else ""


def change_of(evidence: list[dict[str, Any]]) -> str:
    """The diff of each workload out of the newest evidence that has one."""
    for one in reversed(evidence):
        if diffs := diffs_in(one["data"]):
            lines = [f"Change ({one['kind']}, {instant(one['at'])})"]
            return "\n".join(lines + [line for where, diff in diffs for line in (f"  {where}", painted(diff))])
    return ""


def _commits(evidence: list[dict[str, Any]]) -> str:
    """The lines to commit where a GitOps controller would write its own back, whole, so that they can be copied."""
    newest: dict[str, Any] = next((one["data"] for one in reversed(evidence) if one["kind"] == "preflight"), {})
    found = [line for where, text in commits_in(newest) for line in (f"  {where}", text.rstrip())]
    return "\n".join(["Commit this to Git while it is open, and take it out when it ends", *found]) if found else ""


def compared_of(evidence: list[dict[str, Any]]) -> str:
    """How the pods of each workload differ from those before the change, out of the newest evidence that tells it."""
    for one in reversed(evidence):
        targets = [target for target in one["data"].get("targets", []) if target.get("compared") is not None]
        if targets:
            lines = [f"  {target['workload']}: {'; '.join(target['compared']) or 'as before'}" for target in targets]
            return "\n".join([f"Pods beside those before ({one['kind']}, {instant(one['at'])})", *lines])
    return ""


def painted(diff: str) -> str:
    """A unified diff, its lines in colour where colours are wanted."""
    return "\n".join(f"  {paint(line, DIFF_COLOURS.get(line[:1]))}" for line in diff.splitlines())
