"""How workers reach clusters: `connect` gives one by its name. Only kubernetes_api.py imports the kubernetes client."""

from __future__ import annotations

from workers.cluster.access import connect
from workers.cluster.protocol import Cluster

__all__ = ["Cluster", "connect"]
