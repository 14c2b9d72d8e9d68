"""Everyday algorithms as ordinary scripts, a folder an area; `entries.py` finds them."""
