"""Kubernetes' amounts (`250m`, `1Gi`) as numbers: what is compared with quotas and limits. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

_FORM = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([A-Za-z]{0,2}|[eE][+-]?[0-9]+)")
_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{name: Decimal(1000) ** power for power, name in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{name: Decimal(1024) ** power for power, name in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
}


def quantity(text: object) -> Decimal | None:
    """The amount as a number; None for what Kubernetes would not take."""
    found = _FORM.fullmatch(str(text).strip())
    if found is None:
        return None
    number, unit = Decimal(found[1]), found[2]
    if unit in _FACTORS:
        return number * _FACTORS[unit]
    return number * Decimal(10) ** int(unit[1:]) if len(unit) > 1 and unit[0] in "eE" else None
