"""The fold of one annotation key: its text to be, what of it is ours, what somebody took out. fold.py calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.errors import MeshdeskError
from portal.mesh.annotations import ADMIN_SHUTDOWN, DEBUG_SIDECAR, SETTINGS, Effective, Source, is_set
from portal.mesh.ports import Ports
from portal.mesh.want import NOTHING, Want

# Whether pods are injected, and where their proxy is, several annotations decide together: of these keys only what is
# on the template counts as set already. One of the others is as good when it is inherited.
_INHERITED = frozenset({DEBUG_SIDECAR, ADMIN_SHUTDOWN})


class Unreadable(MeshdeskError):
    """A present value cannot be parsed, so nothing may be added to it or taken out."""


@dataclass(frozen=True)
class KeySeen:
    """One key as seen: its text on the template (None: absent), the value that counts now, the one that counts without
    the template's, and what the baseline says of it."""

    key: str
    text: str | None
    now: Effective
    around: Effective
    before: Mapping[str, Any] | None


@dataclass(frozen=True)
class Parts:
    """What of the target may be ours, what surely was, and what the live tickets want."""

    possible: Want
    certain: Want
    wanted: Want


@dataclass(frozen=True)
class KeyFold:
    """What the key's text is to be (None: absent), and of it: what is ours then (`added`), what of ours is there now
    (`kept`), what of ours somebody took out (`gone`); `before` is the baseline to keep for this key."""

    text: str | None
    before: Mapping[str, Any]
    added: Want = NOTHING
    kept: Want = NOTHING
    gone: Want = NOTHING


def fold_key(seen: KeySeen, parts: Parts) -> KeyFold:
    """Fold one key; raises Unreadable when it must be changed and its value cannot be parsed."""
    return _fold_setting(seen, parts) if seen.key in SETTINGS else _fold_ports(seen, parts)


def _fold_ports(seen: KeySeen, parts: Parts) -> KeyFold:
    possible, wanted = parts.possible.ports(seen.key), parts.wanted.ports(seen.key)
    if not (possible or wanted):
        return KeyFold(seen.text, _captured(seen))
    # What is only inherited was not written by us, whatever it holds.
    value = Ports() if seen.text is None else _parse(seen.text, seen.key, Source.POD_TEMPLATE)
    kept, gone = possible & value, parts.certain.ports(seen.key) - value
    added = wanted - gone
    if added:
        added = added - (_owners(seen) - kept)
    return KeyFold(
        text=_ports_text(seen, value, kept, added),
        before=seen.before if kept and seen.before is not None else _captured(seen),
        added=Want.of_ports(seen.key, added),
        kept=Want.of_ports(seen.key, kept),
        gone=Want.of_ports(seen.key, gone),
    )


def _owners(seen: KeySeen) -> Ports:
    return _parse(seen.now.value, seen.key, seen.now.source)


def _ports_text(seen: KeySeen, value: Ports, kept: Ports, added: Ports) -> str | None:
    if added:
        wanted = (_owners(seen) - kept) | added
        # The same ports in the owner's own order and spelling are left as they are: rewriting would roll pods.
        return seen.text if seen.text is not None and wanted == value else str(wanted)
    return _restored(seen, value - kept) if kept else seen.text


def _restored(seen: KeySeen, owners: Ports) -> str | None:
    before = seen.before or {}
    if not before.get("present", True) and owners in (_read(seen.around.value), _read(before["effective"])):
        return None
    if before.get("present") and _read(before["value"]) == owners:
        return str(before["value"])
    return str(owners)


def _fold_setting(seen: KeySeen, parts: Parts) -> KeyFold:
    ours, only = SETTINGS[seen.key], Want.of_setting(seen.key)
    # Another spelling of the same (`1` for `true`) is an owner's, who wants it too: neither ours nor taken out. Unless
    # a ticket took over just that (portal/mesh/adopting.py).
    kept = bool(parts.possible & only) and seen.text in {ours, (seen.before or {}).get("adopted", ours)}
    gone = bool(parts.certain & only) and not is_set(seen.key, seen.text)
    added = bool(parts.wanted & only) and not gone and (kept or not is_set_already(seen.key, seen.text, seen.now))
    before = seen.before if kept and seen.before is not None else _captured(seen)
    text = seen.text
    if added:
        text = seen.text if kept else ours
    elif kept:
        text = str(before["value"]) if before["present"] else None
    return KeyFold(
        text=text,
        before=before,
        added=only if added else NOTHING,
        kept=only if kept else NOTHING,
        gone=only if gone else NOTHING,
    )


def is_set_already(key: str, text: str | None, now: Effective) -> bool:
    """Whether a key of SETTINGS needs no write: by its text on the template or, for some, by what is inherited."""
    return is_set(key, now.value if key in _INHERITED else text)


def _captured(seen: KeySeen) -> dict[str, Any]:
    return {
        "present": seen.text is not None,
        "value": seen.text or "",
        "effective": seen.now.value,
        "source": seen.now.source.value,
    }


def _parse(text: str, key: str, source: Source) -> Ports:
    try:
        return Ports.parse(text)
    except ValueError as error:
        raise Unreadable(
            f'{key} has the value "{text}" ({source}), which cannot be read: {error} Its owner must mend it first.'
        ) from error


def _read(text: str) -> Ports | None:
    try:
        return Ports.parse(text)
    except ValueError:
        return None
