"""How to use Linkerd's debug container in the pods of a workload: the commands, with the names filled in.

The image has tshark, tcpdump, lsof and iproute2, and its own tshark writes every packet to the container's log
(linkerd.io, "Using the Debug Sidecar").
"""

from __future__ import annotations

from portal.mesh.commands import Command
from portal.mesh.workloads import DEBUG_CONTAINER

_PORT = 8080


def debug_commands(cluster: str, namespace: str, workload: str) -> list[Command]:
    """What to type to look at the traffic of `workload` (`deployment/emoji`) on a cluster."""
    kubectl, chosen = f"kubectl -n {namespace}", f"-c {DEBUG_CONTAINER}"
    shark = f"{kubectl} exec -it {workload} {chosen} -- tshark -i any"
    capture = f"{kubectl} exec {workload} {chosen} -- tcpdump -i any -U -w - 'tcp port {_PORT}'"
    return [
        Command(f"Follow the packets of a pod of {workload} on {cluster}", f"{kubectl} logs {workload} {chosen} -f"),
        Command(
            "See the HTTP requests with their headers: they are readable between the proxy and the application, "
            "in the same pod",
            f'{shark} -f "tcp" -V -Y "http.request"',
        ),
        Command(f"See what passes one port (put yours for {_PORT})", f'{shark} -f "tcp port {_PORT}"'),
        Command(
            f"Save what passes one port (put yours for {_PORT}) to a file for Wireshark; end it with Ctrl-C",
            f"{capture} > {workload.rpartition('/')[2]}.pcap",
        ),
    ]


def pods_command(namespace: str) -> Command:
    """Which pods have the container: kubectl takes one of them where a workload is named."""
    columns = "NAME:.metadata.name,CONTAINERS:.spec.containers[*].name"
    return Command(
        f"See which pods have {DEBUG_CONTAINER}; put pod/NAME for the workload below where it must be a certain one",
        f"kubectl -n {namespace} get pods -o 'custom-columns={columns}'",
    )
