"""`request debug-sidecar`: Linkerd's debug container in the pods of workloads."""

from __future__ import annotations

from typing import Any

import click

OPTIONS = (
    click.option("--workload", "workloads", multiple=True, required=True, help="deployment/NAME …; repeatable."),
)


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the request."""
    return {"workloads": list(given["workloads"])}
