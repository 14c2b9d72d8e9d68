"""Procedural maze levels: make, solve, render, read, track. No model knows this room exists."""
