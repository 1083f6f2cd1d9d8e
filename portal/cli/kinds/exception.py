"""`request encryption-exception`: ports that pass the proxy by, or pods without it."""

from __future__ import annotations

from typing import Any

import click

OPTIONS = (
    click.option("--workload", "workloads", multiple=True, required=True, help="deployment/NAME …; repeatable."),
    click.option(
        "--mode", type=click.Choice(["skip-ports", "disable-injection"]), default="skip-ports", show_default=True
    ),
    click.option("--inbound", default="", help="Ports that pass the proxy by on the way in: 8080,9000-9010."),
    click.option("--outbound", default="", help="Ports that pass the proxy by on the way out."),
    click.option("--encrypted/--not-encrypted", required=True, default=None, help="Whether the application encrypts."),
    click.option("--how", required=True, help="How it encrypts the flow; or why the risk is accepted."),
)


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the request."""
    return {
        "workloads": list(given["workloads"]),
        **{name: given[name] for name in ("mode", "inbound", "outbound")},
        "application_encryption": {"encrypted": given["encrypted"], "how": given["how"]},
    }
