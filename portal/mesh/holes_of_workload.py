"""One workload as posture tells it: how far it is encrypted, its own holes, those that its namespace makes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.mesh.encryption import Standing
from portal.mesh.holes import LEFTOVERS, WITHOUT_PROXY, Code
from portal.mesh.holes_explained import SKIP_KEYS, ports_of
from portal.mesh.holes_of_pods import Tally
from portal.mesh.holes_of_template import Sight
from portal.mesh.ports import Ports
from portal.mesh.weakness import OF_NAMESPACE, Weakness
from portal.mesh.weaknesses import REQUIRE_IDENTITY

Shown = dict[Code, list[Weakness]]
# What lets traffic of a meshed workload go unencrypted or unchecked.
_PARTLY = frozenset(
    {
        Code.SKIP_INBOUND,
        Code.SKIP_OUTBOUND,
        Code.SKIP_SUBNETS,
        Code.PROXY_USER,
        Code.PROXY_ENVIRONMENT,
        Code.PROXY_PORTS,
    }
)


@dataclass(frozen=True)
class Seen:
    """What a workload shows: by its pods where there are any, else by its template."""

    standing: Standing
    tally: Tally
    own: Shown
    by_namespace: Shown
    facts: dict[str, Any]
    sight: Sight | None = None
    before: frozenset[Code] = field(default_factory=frozenset)


def seen_of(sight: Sight | None, tally: Tally, inherited: Collection[Weakness], *, identity: str = "") -> Seen:
    """The workload of this template (None: of a kind that is not read) with these pods.

    `inherited` is what its namespace has pods take, `identity` are ports that have required an identity before.
    """
    shown = list(tally.shown) if tally.pods or sight is None else list(sight.weaknesses)
    required, removed = _identity(sight, tally, identity)
    if removed and _standing(shown, tally) is not Standing.UNMESHED:
        shown.append(Weakness(Code.WEAKER_POLICY, REQUIRE_IDENTITY, str(removed)))
    own, shared = _split(shown, sight, inherited)
    standing = _standing(shown, tally)
    facts = _facts(shown, shared, tally, standing, sight)
    if required:
        facts["identity_ports"] = str(required)
    return Seen(standing, tally, own, shared, facts, sight, _before(own, sight, tally))


def detail_of(code: Code, found: Collection[Weakness], seen: Seen) -> dict[str, Any]:
    """The detail of one hole of a workload's own, without what tickets say."""
    count = min(sum(seen.tally.shown[one] for one in found), seen.tally.pods)
    # What was true before and is no longer is told of all pods: none of them shows it.
    detail: dict[str, Any] = {**values_of(code, found), "pods": count or seen.tally.pods, "of": seen.tally.pods}
    return {**detail, "before": True} if code in seen.before else detail


def values_of(code: Code, found: Collection[Weakness]) -> dict[str, Any]:
    """Ports of skip lists, of all else what is written."""
    if code not in SKIP_KEYS:
        return {"values": [[one.what, one.value] for one in sorted(found)]}
    ports, unread = ports_of(found)
    return {"ports": str(ports), **({"unread": unread} if unread else {})}


def _split(shown: list[Weakness], sight: Sight | None, inherited: Collection[Weakness]) -> tuple[Shown, Shown]:
    own: dict[Code, list[Weakness]] = defaultdict(list)
    shared: dict[Code, list[Weakness]] = defaultdict(list)
    for one in sorted(shown):
        taken = one in inherited and (sight is None or one.what not in sight.keys)
        (shared if taken or one.what in OF_NAMESPACE else own)[one.code].append(one)
    return dict(own), dict(shared)


def _standing(shown: Collection[Weakness], tally: Tally) -> Standing:
    codes = {one.code for one in shown}
    if tally.pods:
        bare, some_bare = tally.meshed == 0, tally.meshed < tally.pods
    else:
        bare = some_bare = bool(codes & WITHOUT_PROXY)
    if bare:
        return Standing.UNMESHED
    return Standing.PARTLY if some_bare or codes & _PARTLY else Standing.ENCRYPTED


def _before(own: Shown, sight: Sight | None, tally: Tally) -> frozenset[Code]:
    """The codes of which the template has nothing any more while pods still show it."""
    if sight is None or not tally.pods:
        return frozenset()
    return frozenset(
        code
        for code, found in own.items()
        if code not in LEFTOVERS
        and not set(found) & sight.weaknesses
        and any(one.what != REQUIRE_IDENTITY for one in found)
        and not _still(code, sight)
    )


def _still(code: Code, sight: Sight) -> bool:
    # A list of ports, or a value, that differs by now is another hole of the same sort, not a mended one.
    return any(one.code is code for one in sight.weaknesses)


def _identity(sight: Sight | None, tally: Tally, before: str) -> tuple[Ports, Ports]:
    """The ports that required an identity at any time, and those of them that do no longer."""
    texts = list(tally.identity) if tally.pods else [sight.identity if sight else ""]
    lists = [ports_of([Weakness(Code.WEAKER_POLICY, REQUIRE_IDENTITY, text)])[0] for text in texts]
    now = lists[0] if lists else Ports()
    for one in lists[1:]:
        now = now & one
    known = now | ports_of([Weakness(Code.WEAKER_POLICY, REQUIRE_IDENTITY, before)])[0]
    return known, known - now


def _facts(
    shown: Collection[Weakness], shared: Mapping[Code, object], tally: Tally, standing: Standing, sight: Sight | None
) -> dict[str, Any]:
    facts: dict[str, Any] = {"codes": sorted({str(one.code) for one in shown})}
    if shared:
        facts["by_namespace"] = sorted(map(str, shared))
    for code in SKIP_KEYS:
        if found := [one for one in shown if one.code is code]:
            facts[str(code).replace("-", "_")] = ",".join(filter(None, [str(ports_of(found)[0]), *ports_of(found)[1]]))
    if tally.versions:
        facts["proxy_versions"] = dict(sorted(tally.versions.items()))
    if tally.pods and sight is not None and (following := _standing(sight.weaknesses, Tally())) is not standing:
        facts["next"] = str(following)
    return facts
