"""What the shell completes: configs from files, keys and choices from the settings. Loads nothing heavy."""

from __future__ import annotations

from pathlib import Path

import typer

from vidkit.cli.help import command_of


def complete_config(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of entry configs of the command being typed."""
    from vidkit.config.catalog import config_names

    return [name for name in config_names(command_of(ctx), _config_dir(ctx)) if name.startswith(incomplete)]


def complete_device(incomplete: str) -> list[str]:
    return [name for name in ("auto", "cpu", "cuda") if name.startswith(incomplete)]


def complete_word(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys as `steps=`, sections as `model.`; after the `=` what it takes, if that is a short list."""
    earlier = [str(word) for word in ctx.params.get("words") or []]
    if len(earlier) > 1 and earlier[-1] == "=":  # bash cuts words at `=` and completes what stands behind it
        return [choice for choice in _choices(ctx, earlier[-2]) if choice.startswith(incomplete)]
    if not incomplete and earlier and _choices(ctx, earlier[-1]):  # the same, with nothing behind it
        return _choices(ctx, earlier[-1])
    key, equals, value = incomplete.partition("=")
    if equals:
        return [f"{key}={choice}" for choice in _choices(ctx, key) if choice.startswith(value)]
    found = _keys(ctx, incomplete)
    if len(found) == 1 and found[0].endswith("="):  # the shell would put a blank behind a lone `key=`
        return [found[0] + choice for choice in _choices(ctx, found[0][:-1])] or found
    return found


def _keys(ctx: typer.Context, incomplete: str) -> list[str]:
    from vidkit.config.catalog import group_names, settings_class
    from vidkit.config.keys import keys_of

    keys = keys_of(settings_class(command_of(ctx)))
    depth = incomplete.count(".")
    found = [
        name + ("." if key.is_section or key.is_free else "=")
        for name, key in keys.items()
        if name.startswith(incomplete) and name.count(".") == depth
    ]
    groups = [group for group in group_names(_config_dir(ctx)) if group.split("/")[0] in keys]
    return found + [f"{group}=" for group in groups if group.startswith(incomplete)]


def _choices(ctx: typer.Context, key: str) -> list[str]:
    from vidkit.config.catalog import group_choices, group_names, settings_class
    from vidkit.config.keys import keys_of

    if key in group_names(_config_dir(ctx)):
        return group_choices(key, _config_dir(ctx))
    setting = keys_of(settings_class(command_of(ctx))).get(key)
    if setting is None:
        return []
    words = ["true", "false"] if setting.annotation is bool else list(setting.choices)
    return words + (["null"] if setting.optional else [])


def _config_dir(ctx: typer.Context) -> Path | None:
    folder = ctx.params.get("config_dir")
    return Path(folder) if folder and Path(folder).is_dir() else None
