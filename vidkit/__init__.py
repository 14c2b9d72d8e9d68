"""vidkit: research toolkit for video generation and understanding."""

__version__ = "0.1.0"
