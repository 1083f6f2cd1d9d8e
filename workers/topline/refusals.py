"""Why a Prometheus gave no figures, as sentences that say what to do next; prometheus.py raises them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import requests
from urllib3.exceptions import ReadTimeoutError

from portal.errors import MeshdeskError

_MEND = "your platform operators must mend that"
# Linkerd's proxy writes it on what it answers by itself.
_PROXY = "l5d-proxy-error"


class Unanswered(MeshdeskError):
    """There are no figures; the sentence says why, without addresses."""


class TooMuch(Unanswered):
    """The answer to one question is too large; smaller questions may do."""


class Denied(Unanswered):
    """It knows who asks, and does not let them."""


class NobodyToAsk(Unanswered):
    """There is no Prometheus now; `source` is what it would be, None where nobody has named one."""

    def __init__(self, sentence: str, source: str | None = None) -> None:
        super().__init__(sentence)
        self.source = source


@singledispatch
def refusal(why: object, said: Mapping[str, Any] | None = None) -> Unanswered:
    """The refusal that an error of the transport, or an answer with what its JSON said, comes to."""
    raise TypeError(type(why))


@refusal.register
def _of_error(why: OSError, _: Mapping[str, Any] | None = None) -> Unanswered:
    if isinstance(why, requests.exceptions.SSLError):
        return Unanswered(f"Its certificate cannot be verified: {_MEND} (ca_file in the clusters file).")
    # Of one that falls silent within its answer, requests says that the connection failed.
    silent = any(isinstance(one, ReadTimeoutError) for one in why.args)
    if silent or isinstance(why, requests.Timeout):
        return Unanswered("It was too slow to answer; it is asked again by itself.")
    return Unanswered(f"It cannot be reached; it is asked again by itself. Where that lasts, {_MEND}.")


@refusal.register
def _of_answer(why: requests.Response, said: Mapping[str, Any] | None = None) -> Unanswered:
    kind = str((said or {}).get("errorType"))
    if kind == "execution":
        return TooMuch(f"It refused the question as too large: {_MEND} (its limits on samples of a query).")
    if why.status_code == requests.codes.forbidden:
        return Denied(f"It refuses what Meshdesk's workers sign in with: {_MEND} (their right to query).")
    return Unanswered(_OF_TYPES.get(kind) or _OF_STATUS.get(why.status_code) or _strange(why))


_SLOW = "It was too slow to answer; it is asked again by itself."
_BUSY = "It could not answer; it is asked again by itself."
_OF_TYPES = {"timeout": _SLOW, "canceled": _SLOW, "bad_data": _BUSY, "internal": _BUSY, "unavailable": _BUSY}
_OF_STATUS = {
    401: f"It does not know Meshdesk: {_MEND} (what signs in there, in the clusters file).",
    429: "It is asked too often; it is asked again by itself.",
    502: _BUSY,
    503: "It is not ready, or too busy to answer; it is asked again by itself.",
    504: _SLOW,
}


def _strange(why: requests.Response) -> str:
    if why.is_redirect:
        return f"It leads to another address, which Meshdesk does not follow: {_MEND} (its url)."
    if _PROXY in why.headers:
        return f"Linkerd's proxy before it answered {why.status_code}; it is asked again by itself."
    return f"What answers there ({why.status_code}) is not a Prometheus: {_MEND} (its url)."
