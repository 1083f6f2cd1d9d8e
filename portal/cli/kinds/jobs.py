"""`request job-completion`: Jobs and CronJobs that end although they have a proxy."""

from __future__ import annotations

from typing import Any

import click

OPTIONS = (
    click.option("--job", "jobs", multiple=True, required=True, help="cronjob/NAME or job/NAME; repeatable."),
    click.option("--way", type=click.Choice(["native-sidecar", "shutdown", "no-proxy"]), required=True),
    click.option("--variant", type=click.Choice(["curl", "linkerd-await", "sidecar"]), help="Who calls the shutdown."),
    click.option("--calls", multiple=True, help="no-proxy: service/NAME:PORT that the Job calls; repeatable."),
    click.option("--calls-nothing", is_flag=True, help="no-proxy: it calls nothing in the cluster."),
    click.option("--encrypted/--not-encrypted", default=None, help="no-proxy: whether the application encrypts."),
    click.option("--how", help="no-proxy: how it encrypts the traffic; or why the risk is accepted."),
)


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the request; what was not given is left to the server, which says what is missing."""
    made: dict[str, Any] = {"jobs": list(given["jobs"]), "way": given["way"]}
    if given["variant"] is not None:
        made["variant"] = given["variant"]
    if given["calls"] or given["calls_nothing"]:
        made["calls"] = list(given["calls"])
    said = {"encrypted": given["encrypted"], "how": given["how"]}
    if any(value is not None for value in said.values()):
        made["application_encryption"] = {name: value for name, value in said.items() if value is not None}
    return made
