"""One folder a task: its YAML and, beside it, the functions that the YAML names."""
