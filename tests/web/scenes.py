"""Tickets as workers leave them, with the evidence that pages show: preflights with a diff, pods before and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from portal.db import database_now
from portal.mesh.diff import template_diff
from portal.mesh.findings import Finding, Severity
from portal.mesh.owner_findings import snippet
from portal.mesh.probing.certificates import CertificateFacts
from portal.mesh.probing.results import Finding as Verdict
from portal.mesh.probing.results import Line, Result, Secured
from portal.mesh.stalls import followed
from portal.models import Ticket
from portal.states import Outcome
from portal.tickets import carrying_out, deciding, ending, probing
from portal.tickets.moving import number_of
from portal.tickets.routing import digest_of
from tests import world
from tests.api.desk import LEASE, Desk, said

SKIP = "config.linkerd.io/skip-inbound-ports"
INJECTED = {
    "reason": "Injected",
    "message": "Linkerd sidecar proxy injected",
    "count": 3,
    "last_at": "2026-11-28T01:00:00Z",
    "warning": False,
}
FINDINGS = (
    Finding("pods-restart", Severity.INFO, "deployment/emoji", "3 pods restart, one by one.", "They are replaced now."),
    Finding("single-replica", Severity.WARNING, "deployment/voting", "A single replica.", "Its restart breaks calls."),
)


def pod(workload: str, number: int, **more: Any) -> dict[str, Any]:
    """A pod as evidence has it."""
    facts = {"ready": True, "meshed": True, "finished": False, "containers": ["linkerd-proxy", "main"]}
    skips = {"skip_inbound": "", "skip_outbound": "443"}
    return {"name": f"{workload.rpartition('/')[2]}-{number}", "phase": "Running", **facts, **skips, **more}


def targets(workloads: Sequence[str], *, ports: str = "", count: int = 3) -> list[dict[str, Any]]:
    """What evidence of pods says of these workloads, whose proxies skip these inbound ports."""
    annotations = {SKIP: ports} if ports else {}
    return [
        {
            "workload": one,
            "annotations": annotations,
            "change": template_diff({}, annotations),
            "pods": [pod(one, number, skip_inbound=ports) for number in range(count)],
            "injector": {"events": [INJECTED], "problem": None},
        }
        for one in workloads
    ]


def seen(workload: str, application: str = "emojis") -> dict[str, Any]:
    """What a preflight reports of a workload that a GitOps controller manages."""
    kind, _, name = workload.partition("/")
    after = {SKIP: "4567,4568,8080"}
    obj = {"apiVersion": "apps/v1", "kind": kind.title(), "metadata": {"name": name, "namespace": "emojivoto"}}
    return {
        "workload": workload,
        "change": template_diff({}, after),
        "effective": {
            SKIP: {"value": "4567,4568", "source": "control plane default"},
            "linkerd.io/inject": {"value": "enabled", "source": "namespace"},
            "config.linkerd.io/proxy-admin-shutdown": {"value": "", "source": "control plane default"},
        },
        "managed_by": [{"tool": "Argo CD", "what": f"Application {application}", "gitops": True, "fights": False}],
        "snippet": snippet(obj, template_diff({}, after)),
        "services": ["emoji-svc:80"],
        "dry_run": {"diff": f"--- before\n+++ after\n@@ -1 +1,2 @@\n spec:\n+  {SKIP}: 4567,4568,8080", "also": []},
    }


def looked(desk: Desk, ref: str, *findings: Finding, seen: dict[str, Any] | None = None) -> dict[str, Any]:
    """A worker's preflight of a ticket: what would change, and what it found; `seen` is its report of a workload."""
    fields = desk.ticket(ref, "operator")["fields"]
    named = fields.get("workloads") or fields.get("jobs") or []
    with desk.database.unit_of_work() as session:
        clean = not any(one.severity is Severity.BLOCKING for one in findings)
        change = {
            "targets": [*targets(named, ports=fields.get("inbound", "")), *([seen] if seen else [])],
            "findings": [f.to_json() for f in findings],
        }
        found = deciding.Preflight(clean=clean, data=change, route=None)
        deciding.attach_preflight(session, number_of(ref), found, now=database_now(session))
    return desk.ticket(ref, "operator")


def checked(desk: Desk, *findings: Finding, **changes: Any) -> dict[str, Any]:
    """A new ticket that a worker has looked at."""
    return looked(desk, desk.submitted(**changes)["ref"], *(findings or FINDINGS))


SHOWN = CertificateFacts("CN=emoji", "CN=Emojis CA", ("emoji.svc",), datetime(2026, 3, 1, 10, tzinfo=UTC))
ENCRYPTS = Verdict(
    Result.VERIFIED, "It speaks TLS from the first byte (TLSv1.3, X).", Secured("tls", "TLSv1.3", "X", SHOWN)
)
CLEAR = Verdict(Result.CONTRADICTED, "It answers in clear text: HTTP.")


def probed(desk: Desk, ref: str, *found: Verdict) -> dict[str, Any]:
    """A worker's probe of a ticket that it looked at: a finding for each workload in turn."""
    fields = desk.ticket(ref, "operator")["fields"]
    named = zip(fields["workloads"], found, strict=False)
    lines = tuple(Line(one, "inbound", "8080", verdict, f"pod {one[-5:]}-1") for one, verdict in named)
    with desk.database.unit_of_work() as session:
        tried = probing.Probed(lines, digest_of(fields))
        probing.attach_probe(session, number_of(ref), tried, now=database_now(session))
    return desk.ticket(ref, "operator")


def approved(desk: Desk, **changes: Any) -> dict[str, Any]:
    """The same, approved by the partner."""
    ticket = checked(desk, **changes)
    answer = desk.decide(ticket["ref"], ticket["version"], note="read the preflight")
    assert answer.status_code == 200, answer.text
    return said(answer)


def begin(desk: Desk, ref: str) -> carrying_out.Claim:
    """A worker takes an approved ticket and begins to write."""
    named = desk.ticket(ref)["fields"]["workloads"]
    with desk.database.unit_of_work() as session:
        taken = carrying_out.claim(session, number_of(ref), task="meshdesk.apply", lease=LEASE)
        assert taken is not None
    with desk.database.unit_of_work() as session:
        carrying_out.begin_writing(session, taken[1], before={"targets": targets(named)})
    return taken[1]


def stall(desk: Desk, claim: carrying_out.Claim, why: str) -> None:
    """The rollout of the ticket's first workload hangs."""
    workload = desk.ticket(claim.ref)["fields"]["workloads"][0]
    with desk.database.unit_of_work() as session:
        ticket = session.get_one(Ticket, claim.ticket_id)
        seen = {"desired": 3, "updated": 1, "ready": 3, "complete": False, "stalled": why, "waiting": ["an old pod"]}
        progress = {workload: followed({}, seen, phase=ticket.state, now=database_now(session))}
        carrying_out.wait(session, claim, progress=progress, delay=LEASE)


def settle(desk: Desk, claim: carrying_out.Claim) -> None:
    """The cluster shows the change in use."""
    fields = desk.ticket(claim.ref)["fields"]
    with desk.database.unit_of_work() as session:
        seen = targets(fields["workloads"], ports=fields["inbound"])
        progress = {one["workload"]: {"desired": 3, "updated": 3, "ready": 3} for one in seen}
        carrying_out.settle_active(session, claim, evidence={"targets": seen, "progress": progress})


def active(desk: Desk, **changes: Any) -> dict[str, Any]:
    """A ticket whose window is open, with all evidence."""
    ref = approved(desk, **changes)["ref"]
    settle(desk, begin(desk, ref))
    return desk.ticket(ref)


def undo(desk: Desk, ref: str) -> carrying_out.Claim:
    """A worker takes a ticket that ended, to take it back."""
    with desk.database.unit_of_work() as session:
        taken = carrying_out.claim(session, number_of(ref), task="meshdesk.undo", lease=LEASE)
        assert taken is not None
        return taken[1]


def close(desk: Desk, claim: carrying_out.Claim) -> None:
    """The cluster shows nothing of it any more."""
    named = desk.ticket(claim.ref)["fields"]["workloads"]
    with desk.database.unit_of_work() as session:
        carrying_out.attach_undone(session, claim, evidence={"targets": targets(named)})
        carrying_out.settle_closed(session, claim, progress={})


def hinder(desk: Desk, ref: str, why: str) -> None:
    """Something keeps the undo of a ticket from going on."""
    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, number_of(ref)).problem = why


def expire(desk: Desk, ref: str) -> None:
    """The clock ends a window."""
    with desk.database.unit_of_work() as session:
        why = ending.Ending(Outcome.EXPIRED, "The window is over.")
        ending.end(session, number_of(ref), why, by=world.actor(session, "operator"), now=database_now(session))
