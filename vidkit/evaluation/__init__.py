"""Benchmarks: answers, tasks, scores, statistics, reports. Scoring needs neither torch nor a network."""
