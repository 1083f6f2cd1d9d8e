"""`request viz-enablement`: live traffic of namespaces, for some people, for some hours."""

from __future__ import annotations

from typing import Any

import click

OPTIONS = (
    click.option("--namespace", "-n", "namespaces", multiple=True, required=True, help="To look into; repeatable."),
    click.option("--user", "users", multiple=True, help="Who may tap, as the cluster knows them; repeatable."),
    click.option("--group", "groups", multiple=True, help="A group that may tap; repeatable."),
    click.option("--restart", is_flag=True, help="Restart meshed workloads whose pods are older than Viz."),
)


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the request; the server says so where nobody is named."""
    subjects = [{"kind": "User", "name": name} for name in given["users"]]
    subjects += [{"kind": "Group", "name": name} for name in given["groups"]]
    return {"namespaces": list(given["namespaces"]), "subjects": subjects, "restart": given["restart"]}
