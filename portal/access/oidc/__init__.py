"""OpenID Connect: people sign in at a provider, and its JWTs are believed. Called by the API and the pages."""

from portal.access.oidc.claims import Identity
from portal.access.oidc.provider import Handshake, Provider

__all__ = ["Handshake", "Identity", "Provider"]
