"""One file a command, one `run(settings) -> result` each; the only room that knows all others."""
