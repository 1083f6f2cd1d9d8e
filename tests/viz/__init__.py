"""Viz on a real control plane of its own: tap and its injector are played by tests/controlplane/tap.py."""
