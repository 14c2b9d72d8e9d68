"""From ordinary Python to a trace: a script runs in the sandbox, watched, and is told as views and operations."""
