"""Deeds of operators on many things at once: first what would be done is shown, then just that is done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from portal.api.problems import problem_of
from portal.errors import Invalid, MeshdeskError, Stale
from portal.web import sent

Form = Mapping[str, str]
Made = Mapping[str, Any]


@dataclass(frozen=True)
class Deed:
    """One such deed: `do` gives what it did, or with `dry_run` what it would do; `told` are the lines by which one list
    of that differs from another, `changed` says that it is no longer what was shown, `page` shows it all."""

    do: Callable[..., Made]
    told: Callable[[Made], Iterable[str]]
    page: Callable[..., Response]
    changed: str


def shown_first(deed: Deed, form: Form) -> Response:
    """The page of what would be done; of what was done, where the form says that just this was shown before."""
    try:
        tried = deed.do(form, dry_run=True)
        seen = hashlib.sha256("\n".join(deed.told(tried)).encode()).hexdigest()
        if "seen" not in form:
            return deed.page(form, made=tried, seen=seen)
        if form["seen"] != seen:
            raise Stale(deed.changed)
        return deed.page(form, made=deed.do(form, dry_run=False))
    except Stale as error:
        return deed.page(form, 412, refused=error.sentence, made=tried, seen=seen)
    except Invalid as error:
        return deed.page(form, 422, refused=sent.sentence_of(error), wrong=set(error.errors))
    except MeshdeskError as error:
        return deed.page(form, problem_of(error).status, refused=error.sentence)
