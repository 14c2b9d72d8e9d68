"""Agents behind the interface of an engine, so that every benchmark of `vidkit eval` can use them."""
