"""`meshdesk up`, which `make run` is: every process of one machine, started, watched and ended together."""

from __future__ import annotations

from portal.supervisor.running import up

__all__ = ["up"]
