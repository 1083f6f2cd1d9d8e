"""The bundle: the objects of Linkerd Viz as the platform team rendered them, checked, without keys and certificates.

`meshdesk registry apply` reads it through `read_bundle`; workers install the copy that the database keeps.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.viz.bundle_rules import broken, viz_namespace
from portal.mesh.viz.documents import Manifest, manifests
from portal.mesh.viz.names import (
    API_SERVICE,
    EXTENSION_LABEL,
    INJECTOR_SECRET,
    POD_SECURITY,
    TAP_SECRET,
    WEBHOOK,
    Object,
    mapping,
)
from portal.mesh.viz.reader import reader_objects, reader_problems
from portal.mesh.viz.rights import dashboard_may_tap

# Helm's hash over the certificates of a rendering: with it every rendering would be another bundle.
_CHECKSUM = "checksum/config"


class BundleError(ValueError):
    """A bundle that cannot be used: `problems` says everything that is wrong, a sentence each with file and object."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Bundle:
    """What is installed: manifests by reference, without private keys and authorities, each in its final namespace.

    `digest` is the sha256 of all of them in hex. `open_dashboard`: the dashboard, which has no sign-in, may tap every
    namespace of the cluster.
    """

    objects: tuple[Object, ...]
    namespace: str
    digest: str
    open_dashboard: bool

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict that `from_json` reads back without loss."""
        return {
            "objects": list(self.objects),
            "namespace": self.namespace,
            "digest": self.digest,
            "open_dashboard": self.open_dashboard,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Bundle:
        """What `to_json` gave."""
        return cls(**{**data, "objects": tuple(data["objects"])})


def read_bundle(
    texts: Mapping[str, str],
    *,
    control_plane: str = "linkerd",
    listed: Collection[str] = (),
    reader: str | None = None,
) -> Bundle:
    """The bundle of these files (name to YAML or JSON text); `linkerd viz install` and `helm template` write such.

    `listed` names objects without Viz's label, or outside its namespace, that belong to it all the same: `Kind/name`
    or `Kind/namespace/name`. The Namespace and the two Secrets for certificates are added where they are missing,
    and with `reader` what lets that mesh identity read Viz's Prometheus. Raises BundleError with all problems.
    """
    found, problems = manifests(texts)
    if not found and not problems:
        problems = ["There is no object in it: give the manifest that `linkerd viz install` prints."]
    problems += broken(found, control_plane, listed)
    namespace = viz_namespace(found)
    problems += reader_problems((one.obj for one in found), namespace) if reader else []
    if problems:
        raise BundleError(problems)
    objects = [_stripped(one.obj) for one in found] + _missing(found, namespace)
    objects += reader_objects(reader, namespace) if reader else []
    objects.sort(key=lambda obj: (obj["apiVersion"], obj["kind"], obj["metadata"].get("namespace") or "", _name(obj)))
    return Bundle(tuple(objects), namespace, _digest(objects), dashboard_may_tap(objects, namespace))


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def _digest(objects: list[Object]) -> str:
    text = json.dumps(objects, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _missing(found: list[Manifest], namespace: str) -> list[Object]:
    """`helm template` writes no Namespace, and with `externalSecret` no Secrets."""
    there = {(one.obj["kind"], _name(one.obj)) for one in found}
    label = {EXTENSION_LABEL: "viz"}
    made: list[Object] = []
    if ("Namespace", namespace) not in there:
        metadata: Object = {"name": namespace, "labels": {**label, POD_SECURITY: "privileged"}}
        made.append({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    for name in (TAP_SECRET, INJECTOR_SECRET):
        if ("Secret", name) not in there:
            metadata = {"name": name, "namespace": namespace, "labels": dict(label)}
            made.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls"})
    return made


def _stripped(obj: Object) -> Object:
    """A copy without keys, authorities, and what only a rendering or a cluster writes."""
    made = copy.deepcopy(obj)
    made.pop("status", None)
    made["metadata"].pop("creationTimestamp", None)
    if made["kind"] == "Secret":
        # An immutable one could not be given the next certificate.
        for key in ("data", "stringData", "immutable"):
            made.pop(key, None)
    if made["kind"] == "APIService" and _name(made) == API_SERVICE:
        made["spec"].pop("caBundle", None)
    if made["kind"] == "MutatingWebhookConfiguration" and _name(made) == WEBHOOK:
        for hook in made["webhooks"]:
            hook["clientConfig"].pop("caBundle", None)
    template = mapping(mapping(made.get("spec")).get("template"))
    annotations = mapping(template.get("metadata")).get("annotations")
    if isinstance(annotations, dict):
        annotations.pop(_CHECKSUM, None)
    return made
