"""Tokens of people and of services: made, listed and revoked, each time told in the system's chain."""
