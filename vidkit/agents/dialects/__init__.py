"""Dialects: how families of models are told of tools, call them and answer; one file each."""
