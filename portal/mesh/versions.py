"""What the version of a control plane, and of Kubernetes, brings with it: the kinds ask before they offer anything.

Open-source Linkerd reports `edge-26.6.3` and never 2.x; releases until 2024 and vendors report `stable-2.14.10`,
`2.18.1` or `enterprise-2.17.2`. The table has, for each feature, the first edge in linkerd/linkerd2 and the release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

Edge = tuple[int, int, int]


class Feature(Enum):
    """Something that Linkerd does from a version on: the first edge with it, and x of the first release 2.x."""

    SHUTDOWN_ENDPOINT = ((21, 1, 1), 10)
    """The proxy's `/shutdown` is there (linkerd2 #5487); until 2.16 it is always on."""
    TOKEN_PROJECTION = ((21, 11, 1), 12)
    """Proxies bring a service account token of their own (#7117)."""
    NATIVE_ALPHA = ((23, 11, 4), 15)
    """Native sidecars by the alpha key."""
    SHUTDOWN_DISABLED_BY_DEFAULT = ((24, 6, 2), 16)
    """`/shutdown` is off unless `proxy-admin-shutdown` or Helm says otherwise (#12705)."""
    MESHED_PORT_4143 = ((25, 3, 2), 18)
    """Meshed pods always talk to each other's port 4143 (#13715)."""
    DEBUG_IMAGE = ((25, 3, 3), 18)
    """The annotations that choose the debug sidecar's image work (#13778)."""
    NATIVE_BETA = ((25, 10, 2), 19)
    """Native sidecars by the beta key."""
    NATIVE_GA = ((26, 5, 2), 20)
    """Native sidecars by the key without a prefix, and by default (#15267)."""


# The edge that the project names as each release.
_RELEASED: dict[int, Edge] = {
    15: (24, 2, 4),
    16: (24, 8, 2),
    17: (24, 11, 8),
    18: (25, 4, 4),
    19: (25, 10, 7),
    20: (26, 6, 3),
}
_EDGE = re.compile(r"edge-(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:[-+].*)?")
_RELEASE = re.compile(r"(?:stable-|version-|enterprise-|v)?2\.(\d{1,4})(?:\.\d{1,4})?(?:[-+].*)?")
_KUBERNETES = re.compile(r"v?1\.(\d{1,4})(?:\.\d{1,4})?\+?(?:[-+].*)?")
_NATIVE_SINCE = 29


@dataclass(frozen=True)
class LinkerdVersion:
    """A version as Linkerd reports it, understood: an edge, or x of a release 2.x; exactly one of both is set."""

    text: str
    edge: Edge | None = None
    minor: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> LinkerdVersion | None:
        """Read `edge-26.6.3`, `stable-2.14.10`, `version-2.20`, `enterprise-2.17.2` or `2.18.1`; None when it is no
        such form: then nothing is known of what it has. Suffixes (`-1`, `-fips`) say nothing here."""
        said = (text or "").strip()
        if found := _EDGE.fullmatch(said):
            return cls(said, edge=(int(found[1]), int(found[2]), int(found[3])))
        if found := _RELEASE.fullmatch(said):
            return cls(said, minor=int(found[1]))
        return None

    def has(self, feature: Feature) -> bool:
        """Whether this version has it."""
        first_edge, first_minor = feature.value
        if self.edge is not None:
            return self.edge >= first_edge
        return self.minor is not None and self.minor >= first_minor

    @property
    def release(self) -> int | None:
        """x of the newest release 2.x that this version has everything of; None for edges before 2.15."""
        if self.edge is None:
            return self.minor
        reached = [minor for minor, first in _RELEASED.items() if self.edge >= first]
        return max(reached, default=None)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class KubernetesVersion:
    """The API server's version: x of 1.x."""

    text: str
    minor: int

    @classmethod
    def parse(cls, text: str | None) -> KubernetesVersion | None:
        """Read `1.37.2`, `v1.29.3-gke.100` or `1.30+`; None when it is no such form."""
        said = (text or "").strip()
        found = _KUBERNETES.fullmatch(said)
        return None if found is None else cls(said, int(found[1]))

    @property
    def native_sidecars(self) -> bool:
        """Whether init containers may go on running (1.29: on by default); before, such a pod never starts."""
        return self.minor >= _NATIVE_SINCE

    def __str__(self) -> str:
        return self.text
