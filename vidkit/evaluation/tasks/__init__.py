"""Benchmarks that need more than a YAML file: one folder each."""
