"""Scenes in which looking closer matters: objects from tiny to large, and questions about their looks.

Drawn in batches by torch on any device, seeded; every answer follows from the scene. A world in which small
agents can be trained and measured.
"""
