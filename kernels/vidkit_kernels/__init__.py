"""Kernels of vidkit, each with a plain-torch reference. Depends on torch and triton only."""
