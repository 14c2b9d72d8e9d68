"""What runs beside a tracker in the sandbox; the standard library alone."""
