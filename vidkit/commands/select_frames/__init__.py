"""`vidkit select-frames`."""
