"""Selection rules, one file per method or family. Pure NumPy, no I/O, deterministic."""
