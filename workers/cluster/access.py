"""The workers' own file that says how each cluster is reached; every task calls `connect` with its cluster's name.

The registry in the database knows clusters by name only: addresses and credentials never leave the workers.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from portal.config import Config
from portal.errors import ConfigurationError
from portal.tickets.asking import flatten
from workers.cluster.practice import PracticeCluster
from workers.cluster.prometheus_entry import PrometheusEntry, PrometheusSchema, VizPrometheusSchema
from workers.cluster.protocol import Cluster
from workers.probe.rules import NOTHING_SAID, ProbeRules, ProbeSchema

_WAYS = ("practice", "kubeconfig", "in_cluster")


class AccessSchema(Schema):
    """One cluster's entry: `practice: PATH`, `kubeconfig: PATH` (and `context: NAME`), or `in_cluster: true`.

    `probe` says what a TLS probe may do there besides dialling pods.
    """

    class Meta:
        unknown = RAISE

    practice = fields.String(validate=validate.Length(min=1))
    kubeconfig = fields.String(validate=validate.Length(min=1))
    context = fields.String(validate=validate.Length(min=1))
    in_cluster = fields.Boolean(truthy={True}, falsy=set())
    probe = fields.Nested(ProbeSchema)
    prometheus = fields.Nested(PrometheusSchema)
    viz_prometheus = fields.Nested(VizPrometheusSchema)

    @validates_schema
    def _one_way(self, data: dict[str, Any], **_: Any) -> None:
        if len(data.keys() & set(_WAYS)) != 1:
            raise ValidationError("must say exactly one of practice, kubeconfig, in_cluster")
        if "context" in data and "kubeconfig" not in data:
            raise ValidationError("goes with kubeconfig only", "context")


@dataclass(frozen=True)
class Access:
    """How one cluster is reached; exactly one of practice, kubeconfig, in_cluster is set. Paths are absolute.

    `prometheus` is the platform's own, `viz_prometheus` that of Viz while a ticket has it there.
    """

    practice: Path | None = None
    kubeconfig: Path | None = None
    context: str | None = None
    in_cluster: bool = False
    probe: ProbeRules = NOTHING_SAID
    prometheus: PrometheusEntry | None = None
    viz_prometheus: PrometheusEntry | None = None


_SCHEMA = AccessSchema()
_connected: dict[tuple[str, Access, float], Cluster] = {}
_lock = threading.Lock()


def connect(name: str, config: Config) -> Cluster:
    """The cluster of that name, the same instance for every thread of this process while the file says the same.

    Connects lazily: an unreachable cluster raises Transient on its first call. Raises ConfigurationError with the name
    of the cluster and what to mend when the file or the kubeconfig cannot be used.
    """
    access = access_of(name, config)
    key = name, access, config.cluster_timeout.total_seconds()
    with _lock:
        known = _connected.get(key)
    if known is not None:
        return known
    # Outside the lock: a credential plugin of one cluster may be slow, and the others must not wait for it.
    reached = _reach(*key)
    with _lock:
        return _connected.setdefault(key, reached)


def read_access(path: Path) -> dict[str, Access]:
    """Every cluster in the file by name; relative paths count from the file. Raises ConfigurationError."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"The clusters file {path} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise ConfigurationError(f"The clusters file {path} must map each cluster's name to how it is reached.")
    return {str(name): _entry(path, str(name), entry) for name, entry in found.items()}


def configured(config: Config) -> dict[str, Access]:
    """Every cluster that these workers can reach, by name; raises ConfigurationError, also where no file is named."""
    if config.clusters_file is None:
        raise ConfigurationError("MESHDESK_CLUSTERS is not set: name the file that says how each cluster is reached.")
    return read_access(config.clusters_file)


def access_of(name: str, config: Config) -> Access:
    """What the file says of one cluster; raises ConfigurationError, also where it does not name it."""
    known = configured(config)
    if name not in known:
        raise ConfigurationError(
            f"The clusters file {config.clusters_file} has no cluster {name}: add how it is reached."
        )
    return known[name]


def _entry(path: Path, name: str, entry: Any) -> Access:
    try:
        data = _SCHEMA.load(entry)
    except ValidationError as error:
        raise ConfigurationError(f"Cluster {name} in the clusters file {path}: {_sentence(error)}.") from error
    for field in ("practice", "kubeconfig"):
        if field in data:
            data[field] = (path.parent / Path(data[field]).expanduser()).absolute()
    if "prometheus" in data:
        data["prometheus"] = data["prometheus"].placed(path.parent)
    return Access(**data)


def _sentence(error: ValidationError) -> str:
    found = flatten(error.normalized_messages(), "")  # type: ignore[no-untyped-call]
    return "; ".join(f"{field or '_schema'}: {' '.join(texts)}" for field, texts in found.items())


def _reach(name: str, access: Access, timeout: float) -> Cluster:
    if access.practice is not None:
        if not access.practice.exists():
            raise ConfigurationError(f"Cluster {name}: there is no practice cluster at {access.practice}: seed it.")
        return PracticeCluster(name, access.practice, timeout=timeout)
    # Imported when the first real cluster is reached: it takes half a second and 35 MiB.
    from workers.cluster.kubernetes import KubernetesCluster  # noqa: PLC0415

    return KubernetesCluster(name, kubeconfig=access.kubeconfig, context=access.context, timeout=timeout)


def _forget() -> None:
    """A forked child must not share its parent's sockets, nor a lock that a thread of the parent held."""
    global _lock  # noqa: PLW0603 - the lock may be held for ever in the child
    _lock = threading.Lock()
    _connected.clear()


os.register_at_fork(after_in_child=_forget)
