"""Procedural maze levels: make, solve, render, read, track."""
