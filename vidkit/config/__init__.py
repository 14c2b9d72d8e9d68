"""Typed settings and their composition. Importing the package loads nothing; `compose` loads Hydra."""
