"""lmms-eval imports this from every plug-in; vidkit brings tasks only."""

AVAILABLE_MODELS: dict[str, str] = {}
