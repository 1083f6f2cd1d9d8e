"""Settings: what somebody may look at and change of their own, and of their tenants."""
