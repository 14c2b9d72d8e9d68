"""`vidkit generate`."""
