"""`python -m portal.cli`: the same as `meshdesk`."""

from __future__ import annotations

from portal.cli import main

main()
