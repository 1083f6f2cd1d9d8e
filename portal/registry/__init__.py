"""Tenants, clusters and people: read from a file, compared with the database, applied. `tickets.following` calls it."""

from portal.registry.applying import apply, last_applied, last_changes, present

__all__ = ["apply", "last_applied", "last_changes", "present"]
