"""Linkerd Viz for a while: one for each cluster that all its tickets share, and the rights to tap of each ticket."""
