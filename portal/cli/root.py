"""The `meshdesk` group: the table of contents of the command line."""

from __future__ import annotations

import click

from portal.cli.lazy import Lazy, LazyGroup
from portal.cli.place import place_options, remember_place

PEOPLE = {
    "request": Lazy("portal.cli.asking:request", "Ask for something: a new ticket."),
    "preview": Lazy("portal.cli.asking:preview", "See rule, approvers and expected change; stores nothing."),
    "list": Lazy("portal.cli.reading:list_", "List tickets that you may see."),
    "show": Lazy("portal.cli.reading:show", "Show one ticket whole."),
    "wait": Lazy("portal.cli.waiting:wait", "Wait until a ticket is active or closed."),
    "events": Lazy("portal.cli.reading:events", "Tell a ticket's story."),
    "evidence": Lazy("portal.cli.reading:evidence", "Show what workers saw."),
    "notices": Lazy("portal.cli.notices:notices", "Who was told what of a ticket, and when."),
    "history": Lazy("portal.cli.history:history", "What was asked before that is like a ticket."),
    "comment": Lazy("portal.cli.acting:comment", "Say something on a ticket."),
    "nudge": Lazy("portal.cli.owing:nudge", "Have those who should decide reminded, once a day."),
    "break-glass": Lazy("portal.cli.owing:break_glass", "In an emergency: begin now, and be reviewed afterwards."),
    "answer": Lazy("portal.cli.questions:answer", "Answer the question that holds a ticket."),
    "withdraw": Lazy("portal.cli.acting:withdraw", "Take back a request before its window opens."),
    "release": Lazy("portal.cli.acting:release", "End your window before its time."),
    "renew": Lazy("portal.cli.renewing:renew", "Ask for the same again, to follow without a gap."),
    "retry": Lazy("portal.cli.acting:retry", "Try again what failed."),
    "reapply": Lazy("portal.cli.acting:reapply", "Write again what somebody removed."),
    "manifests": Lazy("portal.cli.jobs:manifests", "Get the corrected manifests of Jobs."),
    "preflight": Lazy("portal.cli.acting:preflight", "Have a worker look at the targets again."),
}
DECIDING = {
    "approve": Lazy("portal.cli.deciding:approve", "Approve tickets that wait for you, or a part of one."),
    "reject": Lazy("portal.cli.deciding:reject", "Reject tickets, with the reason."),
    "question": Lazy("portal.cli.questions:question", "Hold a ticket until a question is answered."),
    "review": Lazy("portal.cli.owing:review", "Answer the review of a break-glass."),
    "recertify": Lazy("portal.cli.owing:recertify", "Say that a long window may stay open."),
    "revoke": Lazy("portal.cli.acting:revoke", "End a window at once, with the reason."),
    "delegations": Lazy("portal.cli.delegations:delegations", "Who decides for you while you are away."),
    "reject-templates": Lazy("portal.cli.templates:reject_templates", "Your tenant's own reasons to reject."),
}
HELPING = {
    "take": Lazy("portal.cli.answering:take", "Work on a generic ticket."),
    "fulfil": Lazy("portal.cli.answering:fulfil", "Close a generic ticket as done, with an answer."),
    "decline": Lazy("portal.cli.answering:decline", "End a generic ticket undone, with an answer."),
    "reroute": Lazy("portal.cli.acting:reroute", "Route a pending ticket by the policy in force."),
    "cluster": Lazy(
        "portal.cli.clusters:cluster", "Pause a cluster, have it go on, or give it up: pause, resume, gone."
    ),
    "people": Lazy("portal.cli.directory:people", "Who there is; deactivate, activate, unbind somebody."),
    "deliveries": Lazy("portal.cli.deliveries:deliveries", "How notices went: list, retry."),
    "revoke-all": Lazy("portal.cli.revoking:revoke_all", "End everything of a tenant, a cluster or a kind."),
}
KNOWING = {
    "me": Lazy("portal.cli.knowing:me", "Who you are and which roles you have."),
    "notifications": Lazy("portal.cli.notices:notifications", "How you are told: show, set."),
    "kinds": Lazy("portal.cli.knowing:kinds", "What can be asked for."),
    "clusters": Lazy("portal.cli.knowing:clusters", "The clusters and how fresh their inventory is."),
    "certificates": Lazy("portal.cli.certificates:certificates", "When the certificates of clusters' meshes end."),
    "inventory": Lazy("portal.cli.knowing:inventory", "The workloads of a namespace, as last seen."),
    "posture": Lazy("portal.cli.posture:posture", "How far the mesh really encrypts, and what no ticket explains."),
    "top": Lazy("portal.cli.topline:top", "Success rates, requests and latencies of your workloads."),
    "jobs": Lazy("portal.cli.jobs:jobs", "Jobs that the mesh keeps from ending, why, and what helps."),
}
ACCESS = {
    "tokens": Lazy("portal.cli.token_commands:tokens", "Your tokens: list, make, revoke."),
    "services": Lazy("portal.cli.services:services", "Services of a tenant: list, make, remove, token."),
}
OPERATING = {
    "up": Lazy("portal.cli.processes:up", "Run everything on this machine, in the foreground."),
    "serve": Lazy("portal.cli.processes:serve", "Run the web server."),
    "worker": Lazy("portal.cli.processes:worker", "Run a worker."),
    "beat": Lazy("portal.cli.processes:beat", "Run beat."),
    "settings": Lazy("portal.cli.settings:settings", "Every setting, its default and what it is for."),
    "db": Lazy("portal.cli.schema:db", "The database's schema: upgrade, downgrade, check, current, revision."),
    "registry": Lazy("portal.cli.people:registry", "Tenants, clusters and people: apply, show."),
    "policy": Lazy("portal.cli.rules:policy", "The routing table: check, explain, apply, show."),
    "channels": Lazy("portal.cli.channels:channels", "The file that says how people are told: check, test."),
    "token": Lazy("portal.cli.credentials:token", "Tokens at the database: create, list, revoke."),
    "audit": Lazy("portal.cli.trail:audit", "The audit trail: verify, seal."),
    "guard": Lazy(
        "portal.cli.guard:guard", "Admission policies for what no ticket allows: render, apply, status, prune."
    ),
    "viz": Lazy("portal.cli.viz:viz", "Viz in a cluster, without a database: reap."),
}


def _say_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow, and nothing else needs it

    try:
        click.echo(f"meshdesk {version('meshdesk')}")
    except PackageNotFoundError:
        click.echo("meshdesk, run from a checkout")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    sections={
        "Asking": PEOPLE,
        "Deciding": DECIDING,
        "Looking": KNOWING,
        "Access": ACCESS,
        "Helping (as a platform operator)": HELPING,
        "Operating (at the database)": OPERATING,
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help="Say it.")
@place_options
@click.pass_context
def meshdesk(ctx: click.Context, url: str | None, token_file: str | None, acting_as: str | None) -> None:
    """Meshdesk: the service desk of a Linkerd mesh.

    Ask for a time-limited exception, decide on one, follow it. Commands but the last section talk to the server at
    MESHDESK_URL with MESHDESK_TOKEN.
    """
    remember_place(ctx, url=url, token_file=token_file, acting_as=acting_as)
