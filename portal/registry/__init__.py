"""Tenants, clusters and people: read from a file, held against the database, applied. `meshdesk registry` calls it."""

from portal.registry.applying import apply, last_applied, plan, present

__all__ = ["apply", "last_applied", "plan", "present"]
