"""Kernels of vidkit, each with a plain-torch twin. Depends on torch and triton only."""
