"""Embedded pipelines and architectures that no library has."""
