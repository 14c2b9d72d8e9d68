"""VTA: the trace of an algorithm as an initial state and operations on it; models, replay, diagnostics."""
