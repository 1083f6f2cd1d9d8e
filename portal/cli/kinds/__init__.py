"""The kinds that `request` and `preview` know by options: a module each, imported when its command runs.

A module has `OPTIONS`, the click options of the kind's own fields, and `fields(given)`, which makes the request's
`fields` of what they gave. Nothing of the server is imported, so the scope is said here again; a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """One kind: its module here, its line in the help, its scope (portal.kinds.base.Scope), what `--wait` waits for."""

    module: str
    words: str
    scope: str = "namespace"
    goal: str = "active"


KINDS = {
    "control-plane-egress": Asked(
        "egress", "Let proxies reach Linkerd's control plane where you have closed egress.", "namespaces"
    ),
    "debug-sidecar": Asked("debug", "Put Linkerd's debug container into the pods of workloads for some hours."),
    "encryption-exception": Asked("exception", "Have ports of workloads pass the proxy by, or pods run without it."),
    "generic": Asked("generic", "Ask the platform's operators for anything else.", "anything", "closed"),
    "job-completion": Asked("jobs", "Let Jobs and CronJobs end although they have a proxy."),
    "viz-enablement": Asked("viz", "See live traffic of your namespaces: Linkerd Viz for some hours.", "namespaces"),
}


def goal_of(kind: str) -> str:
    """The state that people wait for after they asked; `active` for kinds that only --file asks for."""
    return KINDS[kind].goal if kind in KINDS else "active"
