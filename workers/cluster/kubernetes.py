"""The real cluster: the cluster protocol on the kubernetes client's ApiClient. Only access.py makes one.

DynamicClient is not used: its discovery has no timeout and keeps a file with a guessable name in the shared temporary
folder, and the few paths below never change. ApiClient and its connection pool may be shared by threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import urllib3
import yaml
from kubernetes import config as kubernetes_config
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException

from portal.errors import ConfigurationError, Gone
from portal.mesh.annotations import MeshDefaults
from portal.mesh.workloads import WorkloadRef, label_selector_text, selector_of
from workers.cluster import kubernetes_paths as paths
from workers.cluster import refusals
from workers.cluster.kubernetes_answers import READINESS, Answer, Ask, failure, read_answer
from workers.cluster.ownership import controller_of, owned_by, owned_through
from workers.cluster.protocol import Object

MANAGER = "meshdesk"
WEBHOOK = "linkerd-proxy-injector-webhook-config"
_PAGE = 250
_CONNECTIONS = 32
_EXPIRED = 410
_BETWEEN = {"Deployment": "replicaset", "CronJob": "job"}
_WRONG = (ValueError, TypeError, KeyError, AttributeError)
_UNUSABLE = (kubernetes_config.ConfigException, yaml.YAMLError, OSError, *_WRONG)


class KubernetesCluster:
    """A cluster reached by a kubeconfig's context, or from inside when no kubeconfig is given."""

    def __init__(self, name: str, *, kubeconfig: Path | None, context: str | None, timeout: float) -> None:
        self.name = name
        self._api = _Api(name, lambda: _configuration(name, kubeconfig, context), timeout)

    def mesh(self) -> MeshDefaults:
        """What ConfigMap linkerd/linkerd-config says now; raises Gone where Linkerd is not installed."""
        return MeshDefaults.from_config_map(self._get(WorkloadRef("configmap", "linkerd", "linkerd-config")))

    def injector_webhook(self) -> Object | None:
        """The MutatingWebhookConfiguration of Linkerd's proxy injector, None where there is none."""
        try:
            return self._get(WorkloadRef("mutatingwebhookconfiguration", "", WEBHOOK))
        except Gone:
            return None

    def namespaces(self) -> Iterator[Object]:
        """Every Namespace of the cluster."""
        return self._list("namespace", None)

    def namespace(self, name: str) -> Object:
        """One Namespace; raises Gone."""
        return self._get(WorkloadRef("namespace", "", name))

    def workloads(self, namespace: str | None = None) -> Iterator[Object]:
        """Deployments, StatefulSets, DaemonSets, CronJobs, and ReplicaSets, Jobs and Pods that no controller owns."""
        for kind in ("deployment", "statefulset", "daemonset", "cronjob"):
            yield from self._list(kind, namespace)
        for kind in ("replicaset", "job", "pod"):
            yield from (obj for obj in self._list(kind, namespace) if controller_of(obj) is None)

    def workload(self, ref: WorkloadRef) -> Object:
        """One workload as it is now; raises Gone."""
        return self._get(ref)

    def patch_workload(self, ref: WorkloadRef, patch: Object, *, dry_run: bool = False) -> Object:
        """Merge the patch as field manager `meshdesk`; raises Conflict, Refused, Gone."""
        query = (("fieldManager", MANAGER), *((("dryRun", "All"),) if dry_run else ()))
        return self._api.call(Ask("PATCH", self._path(ref), paths.where(ref), query, patch))

    def pods(self, obj: Object) -> list[Object]:
        """The pods that this workload owns, through its ReplicaSets or Jobs too, terminating ones included."""
        kind, namespace = obj["kind"], obj["metadata"]["namespace"]
        if kind == "Pod":
            return [here for here in self._list("pod", namespace) if here["metadata"]["uid"] == obj["metadata"]["uid"]]
        # The Jobs of a CronJob have no label in common, but all pods of Jobs carry this one.
        selector = "job-name" if kind == "CronJob" else label_selector_text(selector_of(obj))
        # Pods first: a ReplicaSet made between the two calls would otherwise be unknown while its pods are seen.
        pods = list(self._list("pod", namespace, selector))
        if kind not in _BETWEEN:
            return owned_by(obj, pods)
        between = self._list(_BETWEEN[kind], namespace, "" if kind == "CronJob" else selector)
        return owned_through(obj, between, pods)

    def disruption_budgets(self, namespace: str) -> list[Object]:
        """The PodDisruptionBudgets of a namespace."""
        return list(self._list("poddisruptionbudget", namespace))

    def close(self) -> None:
        """Close idle connections."""
        self._api.close()

    def _get(self, ref: WorkloadRef) -> Object:
        return self._api.call(Ask("GET", self._path(ref), paths.where(ref)))

    def _path(self, ref: WorkloadRef) -> str:
        path = paths.path_of(ref)
        if path is None:
            raise refusals.gone(self.name, paths.where(ref))
        return path

    def _list(self, kind: str, namespace: str | None, selector: str = "") -> Iterator[Object]:
        if namespace is not None and not paths.is_name(namespace):
            return
        ask = Ask("GET", paths.listing(kind, namespace), paths.words(kind, namespace))
        for page in self._api.pages(ask, selector):
            yield from ({**paths.identity(kind), **item} for item in page.get("items") or [])


class _Api:
    """One API server: calls with a timeout, credentials read anew when they are no longer accepted."""

    def __init__(self, cluster: str, load: Callable[[], Configuration], timeout: float) -> None:
        self._cluster = cluster
        self._load = load
        self._timeout = timeout
        self._lock = threading.Lock()
        self._client: ApiClient | None = _client(load())

    def call(self, ask: Ask) -> Object:
        """The object that the API server answers; raises the ClusterError that a refusal stands for."""
        return self._checked(ask, self._ask(ask))

    def pages(self, ask: Ask, selector: str) -> Iterator[Object]:
        """The lists of a listing, page by page."""
        fixed = (("limit", str(_PAGE)), *((("labelSelector", selector),) if selector else ()))
        more = ""
        while True:
            query = (*fixed, ("continue", more)) if more else fixed
            asked = Ask(ask.method, ask.path, ask.where, query)
            answer = self._ask(asked)
            if not (more and answer.status == _EXPIRED and _next_page(answer)):
                yield self._checked(asked, answer)
            # An expired continue token comes with one that goes on from there, on newer objects.
            more = _next_page(answer)
            if not more:
                return

    def close(self) -> None:
        """Close idle connections; the next call opens new ones with credentials read anew."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()  # type: ignore[no-untyped-call]

    def _checked(self, ask: Ask, answer: Answer) -> Object:
        if answer.ok and answer.body is not None:
            return answer.body
        if answer.forbids and not self._send(READINESS).done:
            raise refusals.starting(self._cluster, answer.message)
        raise failure(self._cluster, ask, answer)

    def _ask(self, ask: Ask) -> Answer:
        answer = self._send(ask)
        if not answer.unknown_caller:
            return answer
        # A token or certificate may have been renewed in its file since it was read.
        self.close()
        return self._send(ask)

    def _send(self, ask: Ask) -> Answer:
        client = self._connected()
        headers = {"Accept": "application/json", "Content-Type": "application/merge-patch+json"}
        try:
            request = client.param_serialize(
                ask.method,
                ask.path,
                query_params=list(ask.query),
                header_params=headers,
                body=ask.body,
                auth_settings=["BearerToken"],
            )
        except (kubernetes_config.ConfigException, OSError) as error:
            raise refusals.not_known(self._cluster) from error
        try:
            response = client.call_api(*request, _request_timeout=self._timeout)
            return read_answer(response.status, self._read(response.response))
        except (urllib3.exceptions.HTTPError, ApiException, OSError) as error:
            # Certificates that came inside a kubeconfig live in temporary files, which something may have cleaned away.
            self.close()
            raise refusals.unreachable(self._cluster) from error

    def _connected(self) -> ApiClient:
        with self._lock:
            if self._client is None:
                self._client = _client(self._reloaded())
            return self._client

    def _reloaded(self) -> Configuration:
        try:
            return self._load()
        except ConfigurationError as error:
            raise refusals.not_known(self._cluster) from error

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """The body, within the timeout as a whole: urllib3's own limit is for each piece that arrives."""
        ends, pieces = time.monotonic() + self._timeout, []
        while piece := response.read1(65536):
            pieces.append(piece)
            if time.monotonic() > ends:
                response.close()
                raise TimeoutError
        response.release_conn()
        return b"".join(pieces)


def _client(configuration: Configuration) -> ApiClient:
    client = ApiClient(configuration)
    client.user_agent = MANAGER
    return client


def _configuration(name: str, kubeconfig: Path | None, context: str | None) -> Configuration:
    configuration = Configuration(connection_pool_maxsize=_CONNECTIONS)
    source = "the service account of its pod" if kubeconfig is None else f"kubeconfig {kubeconfig}"
    try:
        if kubeconfig is None:
            kubernetes_config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
        else:
            # Other people's file: never written to, not even when a token in it was renewed.
            kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]
                str(kubeconfig), context, configuration, persist_config=False
            )
    except _UNUSABLE as error:
        reason = refusals.one_line(str(error))
        raise ConfigurationError(f"Cluster {name}: {source} cannot be used: {reason}.") from error
    # urllib3 would try three times more by itself, each with the whole timeout: longer than a worker's lease.
    configuration.retries = False
    return configuration


def _next_page(answer: Answer) -> str:
    return str(((answer.body or {}).get("metadata") or {}).get("continue") or "")
