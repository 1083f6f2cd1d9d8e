"""ETag and If-Match of tickets: a decision is on the version that was read. flask-smorest never checks that on POST."""

from __future__ import annotations

import re

from flask import request

from portal.errors import Stale, VersionNeeded

_STRONG = re.compile(r'"(\d{1,9})"')


def etag(version: int) -> str:
    """The ETag header of a ticket's version: its number in quotes."""
    return f'"{version}"'


def version_seen() -> int:
    """The version that If-Match names; raises VersionNeeded where it is missing, Stale where it is no ETag of ours."""
    given = request.headers.get("If-Match")
    if given is None:
        raise VersionNeeded('Send the ETag of the ticket as you read it: `If-Match: "3"`.')
    found = _STRONG.fullmatch(given.strip())
    if found is None:
        raise Stale('This If-Match is no ETag of a ticket: read the ticket and send its ETag as it is, like "3".')
    return int(found[1])
