"""Asking by forms: the catalogue of what can be asked, and one page for all kinds, made of a list of fields each."""
