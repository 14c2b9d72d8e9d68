"""`vidkit tune`."""
