"""Where the API server keeps the objects that Meshdesk creates and reads, and which of them can exist at all. Pure.

Both cluster implementations ask before they do anything: a name such as `..` would otherwise be another path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal.mesh.objects import ObjectRef, group_of, resource_of

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
# What RBAC allows more than that; neither `.` nor `..` alone, and nothing that means something in a path.
_RBAC_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9:._-]{1,253}")
_VERSION = re.compile(r"v[1-9][0-9]{0,2}((alpha|beta)[1-9][0-9]{0,2})?")
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Home:
    """Where a kind is served: `base` is `/apis/apps/v1`, `plural` its last part."""

    base: str
    plural: str
    namespaced: bool

    @property
    def group_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return self.base.removeprefix("/apis/").removeprefix("/api/")

    def listing(self, namespace: str | None) -> str:
        """The path of all objects of the kind, in one namespace or everywhere."""
        return f"{self.base}/namespaces/{namespace}/{self.plural}" if namespace else f"{self.base}/{self.plural}"


def home_of(api_version: str, kind: str) -> Home | None:
    """Where the kind is served; None for one that Meshdesk does not know, and for what is no apiVersion."""
    resource, group = resource_of(api_version, kind), group_of(api_version)
    version = api_version.rpartition("/")[2]
    # `/v1` has no group either, and is no apiVersion.
    whole = f"{group}/{version}" if group else version
    if resource is None or whole != api_version or not _VERSION.fullmatch(version):
        return None
    return Home(f"/apis/{whole}" if group else f"/api/{whole}", resource.plural, resource.namespaced)


def can_be(ref: ObjectRef) -> bool:
    """Whether Kubernetes could have that object: a kind that Meshdesk knows, possible names, its namespace."""
    home = home_of(ref.api_version, ref.kind)
    if home is None or bool(ref.namespace) != home.namespaced:
        return False
    named = _RBAC_NAME if ref.group == _RBAC else _NAME
    return named.fullmatch(ref.name) is not None and (not ref.namespace or is_name(ref.namespace))


def path_of(ref: ObjectRef) -> str | None:
    """The object's path; None where no such object can exist."""
    home = home_of(ref.api_version, ref.kind)
    return f"{home.listing(ref.namespace)}/{ref.name}" if home is not None and can_be(ref) else None


def listing_home(api_version: str, kind: str, namespace: str | None) -> Home | None:
    """Where the objects of a kind are listed; None where there can be none, as of cluster-wide kinds in a namespace."""
    home = home_of(api_version, kind)
    if home is None or (namespace is not None and not (home.namespaced and is_name(namespace))):
        return None
    return home


def is_name(text: str) -> bool:
    """Whether Kubernetes could have an object of that name."""
    return _NAME.fullmatch(text) is not None


def home_for(ref: ObjectRef) -> Home:
    """Where the object's kind is served; raises ValueError where no such object can exist.

    For writes: whoever wants to write such an object did not check what it was given.
    """
    home = home_of(ref.api_version, ref.kind)
    if home is None or not can_be(ref):
        raise ValueError(f"{ref.api_version} {ref} cannot be in a cluster, or is of no known kind")
    return home
