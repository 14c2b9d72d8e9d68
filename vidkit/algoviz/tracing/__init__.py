"""From ordinary Python to a trace: a script runs, watched, and is told as views and operations."""
