"""`vidkit calibrate`."""
