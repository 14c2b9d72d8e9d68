"""Drawn scenes, planted events and long videos: data whose truth is known because we made it."""
