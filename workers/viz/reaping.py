"""`meshdesk viz reap`: removes a Viz of ours whose end is over, when all of Meshdesk outside the cluster is dead.

It knows no database: the Viz namespace says until when it is (`meshdesk.io/expires-at`), and everything that Meshdesk
creates carries its label. Code and order are those of the workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from portal.errors import Gone, Transient
from portal.mesh.objects import MANAGED, TICKET, ObjectRef
from portal.mesh.viz.names import SELECTOR
from portal.mesh.viz.stamp import Window, window_of
from workers.cluster.protocol import Cluster, Object
from workers.viz.removal import IsOurs, clear, same, scrapes
from workers.viz.site import there

# What is not inside the Viz namespace, and the namespace itself: all else goes with it, unread.
KINDS = (
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("apiregistration.k8s.io/v1", "APIService"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("v1", "Namespace"),
)
OURS = f"{MANAGED}=true"
PAUSE_SECONDS = 1.0
Say = Callable[[str], None]


def reap(cluster: Cluster, *, grace: timedelta, patience: timedelta, say: Say) -> bool:
    """Remove what is over and say what is done; False where something is still there after `patience`."""
    ended = list(over(cluster, grace))
    if not ended:
        say("There is nothing to remove.")
    done = [_remove(cluster, namespace, patience, say) for namespace in ended]
    return all(done)


def over(cluster: Cluster, grace: timedelta) -> Iterator[Object]:
    """The Viz namespaces of ours whose end passed longer than `grace` ago."""
    now = datetime.now(UTC)
    for namespace in cluster.objects("v1", "Namespace", selector=f"{SELECTOR},{OURS}"):
        window = window_of(namespace)
        if window is not None and window.nonce and window.expires_at + grace <= now:
            yield namespace


def _remove(cluster: Cluster, namespace: Object, patience: timedelta, say: Say) -> bool:
    name, window = namespace["metadata"]["name"], window_of(namespace)
    say(f"{name} is over: {_words(window)}. It is removed.")
    give_up = time.monotonic() + patience.total_seconds()
    gone: set[ObjectRef] = set()

    def tell(ref: ObjectRef) -> None:
        if ref not in gone:
            gone.add(ref)
            say(f"{ref} is gone.")

    while waiting := _once(cluster, namespace, tell):
        if time.monotonic() > give_up:
            for sentence in waiting:
                say(sentence)
            return False
        time.sleep(PAUSE_SECONDS)
    say(f"{name} is removed: nothing of it is left.")
    return True


def _once(cluster: Cluster, namespace: Object, tell: Callable[[ObjectRef], None]) -> list[str]:
    """As far as can be done now; what is still waited for."""
    ref, is_it = ObjectRef.of(namespace), same(namespace)
    try:
        obj = there(cluster, ref)
        # It goes last, so with it all is gone; another of its name is the next window's.
        if obj is None or not is_it(obj):
            tell(ref)
            return []
        return clear(cluster, dict(_items(cluster, namespace)), ref.name, lambda: None, tell)
    except Transient as error:
        return [error.sentence]


def _items(cluster: Cluster, namespace: Object) -> Iterator[tuple[ObjectRef, IsOurs]]:
    metadata = namespace["metadata"]
    for api_version, kind in KINDS:
        for obj in cluster.objects(api_version, kind, selector=OURS):
            if _is_of(obj, metadata["name"]):
                yield ObjectRef.of(obj), same(obj)
    for obj in scrapes(cluster, metadata["name"]):
        # What is older let another Viz in.
        if obj["metadata"]["creationTimestamp"] >= metadata["creationTimestamp"]:
            yield ObjectRef.of(obj), same(obj)


def _is_of(obj: Object, name: str) -> bool:
    """What all tickets shared, this namespace, and the rights to tap of tickets, which are all over with it."""
    metadata = obj["metadata"]
    if obj["kind"] == "Namespace":
        return bool(metadata["name"] == name)
    if TICKET not in (metadata.get("labels") or {}):
        return True
    return obj["kind"] in ("Role", "RoleBinding") and "-tap" in metadata["name"]


def _words(window: Window | None) -> str:
    if window is None:
        raise Gone("the namespace says nothing of its end any more")
    return f"it was for {', '.join(window.tickets) or 'nobody'} until {window.expires_at:%Y-%m-%d %H:%M:%S} UTC"
