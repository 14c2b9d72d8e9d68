"""Selection rules, one file a method or family. Pure NumPy, no I/O, deterministic."""
