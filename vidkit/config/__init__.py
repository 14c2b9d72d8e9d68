"""Typed settings and their composition."""
