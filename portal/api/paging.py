"""Cursors and Link headers of lists: an opaque cursor says where the next page begins, nothing is counted."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import quote, urlencode

from flask import request

from portal.errors import Invalid

_NUMBER = re.compile(rb"[1-9]\d{0,17}")


def cursor_of(number: int) -> str:
    """The opaque cursor of a number."""
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def number_of(cursor: str) -> int:
    """The number of a cursor that we gave; raises Invalid for any other text."""
    try:
        found = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        found = b""
    if not _NUMBER.fullmatch(found) or cursor_of(int(found)) != cursor:
        raise Invalid({"cursor": ["This is no cursor of ours: follow the Link header of the page before."]})
    return int(found)


def next_link(number: int) -> dict[str, str]:
    """The Link header that leads from the present request's page to the one that begins after `number`."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    address = f"{quote(request.path)}?{urlencode([*query, ('cursor', cursor_of(number))])}"
    return {"Link": f'<{address}>; rel="next"'}
