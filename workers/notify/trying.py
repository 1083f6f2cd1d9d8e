"""What `meshdesk channels check` and `meshdesk channels test` do."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from portal.config import Config
from portal.models import Notice
from portal.notify import words
from portal.notify.noting import OWN
from workers.notify.channels import Channels, read_channels
from workers.notify.clock import utc_now
from workers.notify.outcomes import NoChannel
from workers.notify.webhook import Webhook

SORT = "test"


def described(path: Path) -> str:
    """One sentence with the names of a file's channels; raises FileInvalid with the lines to mend."""
    return f"A channels file with {_listed(read_channels(path))}."


def _listed(found: Channels) -> str:
    return ", ".join(found.names) or "no channel"


def send_test(config: Config, name: str, to: str | None) -> str:
    """Send a test notice and say so; raises NoChannel with the names that there are, and Undelivered."""
    found = read_channels(config.channels_file)
    if name not in found.names:
        raise NoChannel(f"The channels file has no channel {name}; it has {_listed(found)}.")
    if name == OWN and to is None:
        raise NoChannel("Say whom to send it to: --to somebody@example.com.")
    door, notice, sent_as = found.door(name, to), _notice(), uuid4().hex
    if isinstance(door, Webhook):
        door.send(words.payload(notice, sent_as, config.public_url), sent_as)
    else:
        door.send(words.letter(notice, config.public_url), sent_as)
    return f"Sent to {name} as {sent_as}."


def _notice() -> Notice:
    data = dict.fromkeys(("tenant", "cluster", "namespace", "by"))
    told = {"ref": "MD-0", "kind": "generic", "headline": "is a test", "next": "Nothing has to be done."}
    return Notice(sort=SORT, created_at=utc_now(), data={**data, **told})
