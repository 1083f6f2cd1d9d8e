"""The command lines of the five programs that harness.py starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.controlplane.layout import ADMINS, Layout

STAGES = Path(__file__).parent / "stages.yaml"
# kwok sends no heartbeats here, so a node must never be taken for lost: a laptop that slept would evict every pod.
NEVER = "87600h"


@dataclass(frozen=True)
class Settings:
    """What a test may choose about its control plane.

    Services get loopback addresses out of `service_range`, so that a test can listen on a Service's ClusterIP: two
    control planes whose tests do that at the same time need two ranges.
    """

    nodes: int = 2
    service_range: str = "127.96.0.0/16"


def etcd(layout: Layout) -> list[str]:
    """A single member that does not wait for the disk: it loses nothing unless the machine itself goes down."""
    client, peer = (f"http://127.0.0.1:{port}" for port in (layout.ports.etcd, layout.ports.etcd_peer))
    return [
        "etcd",
        f"--data-dir={layout.directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--heartbeat-interval=20",
        "--election-timeout=200",
        "--log-level=warn",
    ]


def api_server(layout: Layout, settings: Settings) -> list[str]:
    """The API server with RBAC, service account tokens and the aggregation layer."""
    return [
        "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{layout.ports.etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports.api}",
        # It would publish itself as an endpoint of Service kubernetes, and endpoints refuse loopback addresses.
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={settings.service_range}",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        f"--tls-cert-file={layout.serving.certificate}",
        f"--tls-private-key-file={layout.serving.key}",
        f"--client-ca-file={layout.authority.pair.certificate}",
        *_tokens(layout),
        *_aggregation(layout),
        "--profiling=false",
    ]


def _tokens(layout: Layout) -> list[str]:
    return [
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={layout.tokens.certificate}",
        f"--service-account-signing-key-file={layout.tokens.key}",
    ]


def _aggregation(layout: Layout) -> list[str]:
    return [
        f"--proxy-client-cert-file={layout.proxy_client.certificate}",
        f"--proxy-client-key-file={layout.proxy_client.key}",
        f"--requestheader-client-ca-file={layout.front_proxy.pair.certificate}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    ]


def controller_manager(layout: Layout) -> list[str]:
    """Every controller that is on by default, node-lifecycle among them: new nodes lose their not-ready taint by it."""
    access = layout.kubeconfig_for("system:kube-controller-manager", file_name="controller-manager")
    return [
        "kube-controller-manager",
        f"--kubeconfig={access}",
        # As on a real cluster: every controller is a user of its own in kube-system, which RBAC and policies can tell.
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={layout.tokens.key}",
        f"--root-ca-file={layout.authority.pair.certificate}",
        f"--node-monitor-grace-period={NEVER}",
        "--node-monitor-period=1s",
        *_alone(),
    ]


def scheduler(layout: Layout) -> list[str]:
    """The scheduler as it is."""
    access = layout.kubeconfig_for("system:kube-scheduler", file_name="scheduler")
    return ["kube-scheduler", f"--kubeconfig={access}", *_alone()]


def kwok(layout: Layout) -> list[str]:
    """kwok as every node's kubelet, with our stages; its leases are off (see NEVER)."""
    return [
        "kwok",
        f"--kubeconfig={layout.kubeconfig_for('kwok', [ADMINS], file_name='kwok')}",
        f"--config={STAGES}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=0",
        "--cidr=10.244.0.0/16",
        "--v=WARN",
    ]


def _alone() -> list[str]:
    """One copy, no port of its own, and no throttle that a burst of rollouts in tests would meet."""
    return ["--leader-elect=false", "--secure-port=0", "--kube-api-qps=500", "--kube-api-burst=1000"]
