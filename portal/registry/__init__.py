"""Tenants, clusters and people: read from a file, held against the database, applied. `portal.tickets.following` calls it."""

from portal.registry.applying import apply, last_applied, present

__all__ = ["apply", "last_applied", "present"]
