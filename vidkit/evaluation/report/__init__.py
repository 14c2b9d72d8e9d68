"""Scores for people: tables for the terminal, one self-contained page with plots."""
