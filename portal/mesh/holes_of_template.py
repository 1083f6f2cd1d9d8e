"""What posture keeps of a workload's object while it reads a namespace; the object itself is let go at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.mesh.makers import Maker, maker_of, pod_prefix
from portal.mesh.weakness import Weakness
from portal.mesh.weaknesses import CHECKED, REQUIRE_IDENTITY, Yardstick, annotations_of, of_pod, of_template
from portal.mesh.workloads import template_of

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Sight:
    """A template as it would make pods now; `keys` are the annotations that it has itself, `makers` who wrote what."""

    weaknesses: frozenset[Weakness] = frozenset()
    keys: frozenset[str] = frozenset()
    makers: Mapping[Weakness, Maker] = field(default_factory=dict)
    identity: str = ""


def sight_of(obj: Object, namespace: Object, yard: Yardstick) -> Sight:
    """Look at a workload, or at a bare pod, with its kind set."""
    kind, around = str(obj["kind"]).lower(), annotations_of(namespace)
    if kind == "pod":
        return _of_bare_pod(obj, namespace, yard)
    template = template_of(obj)
    found, own = of_template(template, namespace, yard), annotations_of(template)
    keys = frozenset(key for key in CHECKED if key in own)
    identity = own.get(REQUIRE_IDENTITY, around.get(REQUIRE_IDENTITY, ""))
    return Sight(found, keys, makers_of(obj, kind, found), identity)


def _of_bare_pod(pod: Object, namespace: Object, yard: Yardstick) -> Sight:
    # The injector has copied onto it what its namespace says.
    found, own, around = of_pod(pod, namespace, yard), annotations_of(pod), annotations_of(namespace)
    keys = frozenset(key for key in CHECKED if key in own and own[key] != around.get(key))
    return Sight(found, keys, makers_of(pod, "pod", found), own.get(REQUIRE_IDENTITY, ""))


def makers_of(obj: Object, kind: str, found: Iterable[Weakness]) -> dict[Weakness, Maker]:
    """Who wrote each of the weaknesses, where managedFields tell."""
    prefix = pod_prefix(kind)
    makers = {one: maker_of(obj, [(*prefix, *path) for path in one.paths]) for one in found}
    return {one: maker for one, maker in makers.items() if maker is not None}
