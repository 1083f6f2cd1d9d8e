"""Linkerd Viz for a limited time: the bundle that is installed, its certificates, its order, what is found. Pure."""
