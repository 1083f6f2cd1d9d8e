"""Admin: what operators look after and auditors read, of the whole platform."""
