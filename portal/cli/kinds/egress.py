"""`request control-plane-egress`: a policy that lets a namespace's proxies reach Linkerd's control plane."""

from __future__ import annotations

from typing import Any

import click

OPTIONS = (
    click.option("--namespace", "-n", "namespaces", multiple=True, required=True, help="Of your tenant; repeatable."),
    click.option(
        "--pods",
        type=click.Choice(["injected", "all"]),
        default="injected",
        show_default=True,
        help="The pods with a proxy, or all.",
    ),
    click.option("--dns/--no-dns", default=True, show_default=True, help="With the cluster's DNS."),
    click.option("--node-local-dns", is_flag=True, help="With NodeLocal DNSCache at 169.254.20.10."),
    click.option(
        "--peers/--no-peers", default=True, show_default=True, help="With port 4143 of meshed pods (Linkerd 2.18+)."
    ),
    click.option(
        "--if-alone",
        type=click.Choice(["refuse", "allow-everything-else"]),
        default="refuse",
        show_default=True,
        help="Where no egress policy of yours isolates the pods, so that this one alone would.",
    ),
)


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the request."""
    same = ("pods", "dns", "node_local_dns", "peers", "if_alone")
    return {"namespaces": list(given["namespaces"]), **{name: given[name] for name in same}}
