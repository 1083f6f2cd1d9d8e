"""Whether a Viz is in the cluster that no ticket put there: it is adopted by nobody, so the ticket says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.objects import ObjectRef
from portal.mesh.viz.names import API_SERVICE, is_labelled

_MOST_NAMED = 5
# What `linkerd viz allow-scrapes` puts into tenants' namespaces; it is of no use without Viz.
SCRAPES = ("Server", "HTTPRoute", "AuthorizationPolicy")


@dataclass(frozen=True)
class Presence:
    """What of a Viz that is not ours was seen: its namespaces, and other objects of it."""

    namespaces: tuple[str, ...] = ()
    objects: tuple[ObjectRef, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.namespaces or self.objects)

    def sentence(self, cluster: str) -> str:
        """What is there and what to do about it; empty where nothing is."""
        if not self:
            return ""
        if self.namespaces:
            where = f"namespace{'s' if len(self.namespaces) > 1 else ''} {', '.join(self.namespaces)}"
        else:
            more = len(self.objects) - _MOST_NAMED
            where = ", ".join(map(str, self.objects[:_MOST_NAMED])) + (f" and {more} more" if more > 0 else "")
        return (
            f"A Viz that no ticket put there is on cluster {cluster} ({where}): use it, or ask the platform operators "
            "to remove it first (`linkerd viz uninstall | kubectl delete -f -`). Meshdesk adopts and removes only what "
            "it installed."
        )


NOBODY = Presence()


def presence_of(
    namespaces: Iterable[Mapping[str, Any]],
    objects: Iterable[Mapping[str, Any]],
    *,
    is_ours: Callable[[Mapping[str, Any]], bool],
) -> Presence:
    """Whether some Viz is there that is not ours, by raw objects as just read.

    `namespaces` are those of the cluster, or those with Viz's label; `objects` what else of Viz's was looked for: the
    tap APIService, and any other object of the cluster with the label. `is_ours` knows what is on record. What a
    controller made of another object says nothing by itself, nor do policies that only let Viz in (SCRAPES).
    """
    foreign = [obj for obj in namespaces if is_labelled(obj) and not is_ours(obj)]
    others = [obj for obj in objects if (_is_a_remain(obj) or _is_tap_api(obj)) and not is_ours(obj)]
    return Presence(
        tuple(sorted(obj["metadata"]["name"] for obj in foreign)), tuple(sorted(ObjectRef.of(obj) for obj in others))
    )


def _is_a_remain(obj: Mapping[str, Any]) -> bool:
    return is_labelled(obj) and obj["kind"] not in SCRAPES and not obj["metadata"].get("ownerReferences")


def _is_tap_api(obj: Mapping[str, Any]) -> bool:
    return (obj["kind"], obj["metadata"]["name"]) == ("APIService", API_SERVICE)


def added_by_others(found: Iterable[Mapping[str, Any]], *, is_ours: Callable[[Mapping[str, Any]], bool]) -> list[str]:
    """What somebody added inside our Viz namespace, or elsewhere for Viz, in sentences: it goes with Viz.

    What the cluster makes by itself (pods of a Deployment, endpoints, the default account and the tokens of accounts)
    has an owner or a name of its own and is left out.
    """
    strange = {ObjectRef.of(obj) for obj in found if not is_ours(obj) and not _is_the_clusters_own(obj)}
    return [f"{ref} was added by somebody; it goes when Viz goes." for ref in sorted(strange)]


def _is_the_clusters_own(obj: Mapping[str, Any]) -> bool:
    own = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
    is_token = obj.get("type") == "kubernetes.io/service-account-token"
    return is_token or bool(obj["metadata"].get("ownerReferences")) or (obj["kind"], obj["metadata"]["name"]) in own
