"""`vidkit algoviz`: a file a subcommand, each with a `run` that prints for people and returns the result."""
