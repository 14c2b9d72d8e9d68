"""A folder per command, one `run(settings) -> result` each; the only package that knows all others."""
