"""One API server, called through the kubernetes client's ApiClient: the only file that imports it. kubernetes.py calls.

DynamicClient is not used: its discovery has no timeout and keeps a file with a guessable name in the shared temporary
folder, and the few paths that are needed never change. ApiClient and its connection pool may be shared by threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import urllib3
import yaml
from kubernetes import config as kubernetes_config
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException

from portal.errors import ConfigurationError
from workers.cluster import refusals
from workers.cluster.kubernetes_answers import (
    GROUPS,
    READINESS,
    VERSION,
    Answer,
    Ask,
    NotServed,
    failure,
    read_answer,
    without_kind,
)
from workers.cluster.object_paths import Home
from workers.cluster.protocol import Object

MANAGER = "meshdesk"
_PAGE = 250
_CONNECTIONS = 32
_EXPIRED = 410
_PATCH = "application/merge-patch+json"
_JSON = "application/json"
_ONLY_METADATA = f"{_JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,{_JSON}"
_WRONG = (ValueError, TypeError, KeyError, AttributeError)
_UNUSABLE = (kubernetes_config.ConfigException, yaml.YAMLError, OSError, *_WRONG)


class Api:
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
        fixed = (*ask.query, ("limit", str(_PAGE)), *((("labelSelector", selector),) if selector else ()))
        more = ""
        while True:
            query = (*fixed, ("continue", more)) if more else fixed
            asked = replace(ask, query=query)
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

    def version(self) -> str | None:
        """The version of the API server (`1.37.2`), None where it does not tell it to Meshdesk's account."""
        answer = self._ask(VERSION)
        told = (answer.body or {}).get("gitVersion") if answer.done else None
        return str(told).removeprefix("v") if told else None

    def _checked(self, ask: Ask, answer: Answer) -> Object:
        if answer.ok and answer.body is not None:
            return answer.body
        if answer.unknown_path and ask.home is not None and self._lacks(ask.home):
            raise NotServed(refusals.gone(self._cluster, ask.where).sentence)
        if answer.forbids and not self._send(READINESS).done:
            raise refusals.starting(self._cluster, answer.message)
        raise failure(self._cluster, ask, answer)

    def _lacks(self, home: Home) -> bool:
        # A proxy's 404 and a start that is not over must not read as a kind that is not there: all three are its word.
        if not self._send(READINESS).done:
            return False
        return without_kind(home, self._ask(GROUPS), self._ask(Ask("GET", home.base, home.group_version)))

    def _ask(self, ask: Ask) -> Answer:
        answer = self._send(ask)
        if not answer.unknown_caller:
            return answer
        # A token or certificate may have been renewed in its file since it was read.
        self.close()
        return self._send(ask)

    def _send(self, ask: Ask) -> Answer:
        client = self._connected()
        content = _PATCH if ask.method == "PATCH" else _JSON
        headers = {"Accept": _ONLY_METADATA if ask.only_metadata else _JSON, "Content-Type": content}
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


def configuration_of(name: str, kubeconfig: Path | None, context: str | None) -> Configuration:
    """How that cluster is reached, from a kubeconfig or, without one, from inside; raises ConfigurationError."""
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
