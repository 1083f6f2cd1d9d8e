"""Verbs are tested on the workers' desk: a real database and a practice cluster."""

from __future__ import annotations

from tests.workers.conftest import desk, stage

__all__ = ["desk", "stage"]
