"""Gives the tests of this folder a world of their own on the control plane, which tests/conftest.py gives everybody."""

from __future__ import annotations

from tests.controlplane.fixtures import world

__all__ = ["world"]
