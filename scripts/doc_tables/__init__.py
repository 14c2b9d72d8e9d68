"""Tables of the docs, one file a subject; each gives None while its result is missing."""
