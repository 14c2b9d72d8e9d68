"""`vidkit eval`."""
