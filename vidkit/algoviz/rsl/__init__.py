"""RSL: how a trace should look. Never changes data or the order of operations."""
