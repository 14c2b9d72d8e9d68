"""How a script ended, in words."""

from __future__ import annotations

from vidkit.algoviz.tracing.recording import Recording


def ending_text(recording: Recording) -> list[tuple[str, str]]:
    """How a script ended, where that is worth telling, with the severity."""
    ending = recording.ending
    told: list[tuple[str, str]] = []
    if ending.get("kind") == "exception":
        at = f" in line {ending['line']}" if ending.get("line") else ""
        told.append((f"{ending.get('type')}{at}: {ending.get('message')}", "error"))
    elif ending.get("kind") == "exit" and ending.get("status"):
        told.append((f"the script ended with status {ending['status']}", "warning"))
    elif not ending:
        told.append(("the script was stopped before it finished", "error"))
    if recording.stopped:
        told.append(("the recording stopped here, the script went on", "warning"))
    return told
