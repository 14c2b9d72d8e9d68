"""Replay: what each operation does to a state, a file for each kind of view."""
