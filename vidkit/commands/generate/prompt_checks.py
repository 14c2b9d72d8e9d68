"""Whether a prompt was given, fits the text encoder, and is made of words that the model knows."""

from __future__ import annotations

from pathlib import Path

from vidkit.config.schema import GenerateSettings
from vidkit.errors import ConfigError
from vidkit.generation.resolve import ResolvedRun
from vidkit.generation.spec import Request


def check_prompt_given(run: ResolvedRun) -> None:
    if run.request.prompt or run.frame.given or run.is_random:
        return
    raise ConfigError("no prompt was given", 'add one: vidkit generate ... "a red ball solves a light maze"')


def prompt_warnings(settings: GenerateSettings, folder: Path | None, request: Request) -> list[str]:
    """Refuse prompts that would be cut; report words the model does not know."""
    if folder is None:
        return ["the prompt has no effect with random weights"] if settings.prompt else []
    from vidkit.generation.prompt import check_prompt_length, load_tokenizer, unknown_words

    tokenizer = load_tokenizer(folder)
    found = []
    for name, text in (("prompt", request.prompt), ("negative prompt", request.negative_prompt or "")):
        check_prompt_length(tokenizer, text, request.max_sequence_length, name)
        words = unknown_words(tokenizer, text)
        if words:
            listed = ", ".join(f"'{word}'" for word in words)
            found.append(f"the model does not know these words of the {name}: {listed}")
    if request.negative_prompt and request.branches == 1:
        found.append(f"the negative prompt has no effect at guidance={request.guidance:g} (it acts above 1)")
    return found
