"""A caller of the API server that is nobody's client: any verb as any user, with the status, body and warnings.

The guard's tests use it: what counts there is how Kubernetes answers `kubectl create`, `replace`, `patch` and `apply`.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError

import yaml

Object = dict[str, Any]
MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"
JSON_PATCH, APPLY = "application/json-patch+json", "application/apply-patch+yaml"
_PLURALS = {
    "Deployment": "apis/apps/v1/{}deployments",
    "StatefulSet": "apis/apps/v1/{}statefulsets",
    "DaemonSet": "apis/apps/v1/{}daemonsets",
    "ReplicaSet": "apis/apps/v1/{}replicasets",
    "ReplicationController": "api/v1/{}replicationcontrollers",
    "Job": "apis/batch/v1/{}jobs",
    "CronJob": "apis/batch/v1/{}cronjobs",
    "Pod": "api/v1/{}pods",
    "ConfigMap": "api/v1/{}configmaps",
    "Namespace": "api/v1/namespaces",
}
_WARNING = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Answer:
    """What the API server said."""

    status: int
    body: Object
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it did it."""
        return self.status < 300

    @property
    def message(self) -> str:
        """Why not."""
        return "" if self.ok else str(self.body.get("message", ""))


class Rest:
    """One user's calls by an access file."""

    def __init__(self, kubeconfig: Path) -> None:
        held = yaml.safe_load(kubeconfig.read_text())
        cluster, user = held["clusters"][0]["cluster"], held["users"][0]["user"]
        self._server = cluster["server"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        with TemporaryDirectory() as folder:
            for part in ("certificate", "key"):
                (Path(folder) / part).write_bytes(base64.b64decode(user[f"client-{part}-data"]))
            context.load_cert_chain(Path(folder) / "certificate", Path(folder) / "key")
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        self._opener = urllib.request.build_opener(*handlers)

    def create(self, obj: Object, **query: str) -> Answer:
        """POST, as `kubectl create`."""
        return self._send("POST", _home(obj), obj, "application/json", query)

    def replace(self, obj: Object, part: str = "", **query: str) -> Answer:
        """PUT, as `kubectl replace`; `part` is a subresource."""
        return self._send("PUT", _path(obj, part), obj, "application/json", query)

    def patch(self, obj: Object, body: Any, kind: str = MERGE, part: str = "", **query: str) -> Answer:
        """PATCH of that object."""
        return self._send("PATCH", _path(obj, part), body, kind, query)

    def apply(self, obj: Object, **query: str) -> Answer:
        """Server-side apply, as `kubectl apply --server-side`."""
        return self.patch(obj, obj, APPLY, fieldManager="tenant", force="true", **query)

    def get(self, obj: Object) -> Answer:
        """GET of that object."""
        return self._send("GET", _path(obj), None, "", {})

    def delete(self, obj: Object) -> Answer:
        """DELETE of that object."""
        return self._send("DELETE", _path(obj), None, "", {})

    def _send(self, method: str, path: str, body: Any, kind: str, query: dict[str, str]) -> Answer:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        request = urllib.request.Request(f"{self._server}/{path}{'?' if asked else ''}{asked}", method=method)
        request.data = None if body is None else json.dumps(body).encode()
        request.add_header("Content-Type", kind)
        try:
            with self._opener.open(request, timeout=20) as answer:
                said = answer.headers.get_all("Warning") or []
                warnings = tuple(found for one in said for found in _WARNING.findall(one))
                return Answer(answer.status, json.loads(answer.read()), warnings)
        except HTTPError as error:
            return Answer(error.code, json.loads(error.read()))


def _home(obj: Object) -> str:
    namespace = obj["metadata"].get("namespace")
    return _PLURALS[obj["kind"]].format(f"namespaces/{namespace}/" if namespace else "")


def _path(obj: Object, part: str = "") -> str:
    return f"{_home(obj)}/{obj['metadata']['name']}{'/' if part else ''}{part}"
