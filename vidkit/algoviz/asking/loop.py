"""Asking a model for a tracker: judged, asked again with what is wrong, the best one kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from vidkit.algoviz.asking.findings import Finding, fingerprint
from vidkit.algoviz.asking.judging import Judged, Task, judge
from vidkit.algoviz.asking.prompt import again, messages
from vidkit.algoviz.asking.reply import program_in
from vidkit.algoviz.asking.tracker import Conditions
from vidkit.serving import Engine, EngineError, Message, Reply, Request
from vidkit.utils.plain import counted, visible
from vidkit.utils.redaction import redact

Judge = Callable[[str], Judged]
_WORDS = 120  # characters of a reply without a program that are told


@dataclass(frozen=True)
class Asking:
    """How a model is asked.

    Args:
        form: `tracker` (it tells the trace) or `script` (an ordinary program, watched).
        attempts: replies at most.
        max_tokens: of a reply.
        temperature: of sampling.
        seed: of sampling; None: the server's.
        conditions: of the runs.
    """

    form: str = "tracker"
    attempts: int = 3
    max_tokens: int = 8192
    temperature: float = 0.0
    seed: int | None = None
    conditions: Conditions = field(default_factory=Conditions)


@dataclass(frozen=True)
class Attempt:
    """One reply, judged.

    Args:
        prompt: SHA-256 of the request.
        prompt_tokens: None where the server does not say.
        completion_tokens: likewise.
        reply_s: seconds until the reply was there.
        judged: the program in it.
    """

    prompt: str
    prompt_tokens: int | None
    completion_tokens: int | None
    reply_s: float
    judged: Judged

    def as_dict(self) -> dict[str, object]:
        return {
            "prompt_sha256": self.prompt,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "reply_s": round(self.reply_s, 3),
            "run_s": round(self.judged.seconds, 3),
            "level": self.judged.level,
            "semantic": self.judged.semantic,
            "steps": self.judged.steps,
            "findings": [one.as_dict() for one in self.judged.findings],
            "program": self.judged.source,
        }


@dataclass(frozen=True)
class Asked:
    """What a model came to.

    Args:
        attempts: in order.
        best: of them; None: the model gave no reply at all.
        error: why there is no further reply, where a call failed.
        stopped: why fewer attempts than allowed were made; empty: the last one is whole, or all were used.
    """

    attempts: tuple[Attempt, ...]
    best: Attempt | None
    error: EngineError | None = None
    stopped: str = ""

    @property
    def tokens(self) -> int | None:
        """Of all prompts and replies; None where a count is missing."""
        counts = [n for one in self.attempts for n in (one.prompt_tokens, one.completion_tokens)]
        return None if None in counts or not counts else sum(n for n in counts if n is not None)


async def ask(
    engine: Engine,
    task: Task,
    how: Asking,
    tell: Callable[[str], None] = lambda _: None,
    judging: Judge | None = None,
    prompt: tuple[str, str] | None = None,
) -> Asked:
    """Ask until a program is whole, attempts are used up, or two in a row fail alike.

    Args:
        engine: the model.
        task: what the program is for.
        how: it is asked.
        tell: is told how far it is.
        judging: of a program; None: as a tracker of `how.form`.
        prompt: two messages; None: those of `how.form`.

    Raises:
        SandboxError: no sandbox works here.
    """
    system, problem = prompt or messages(task, how.form)
    assess = judging or (lambda source: judge(source, task, how.form, how.conditions))
    first = (Message.of("system", system), Message.of("user", problem))
    more: tuple[Message, ...] = ()
    attempts: list[Attempt] = []
    error, stopped, before = None, "", ""
    for number in range(1, how.attempts + 1):
        request = Request((*first, *more), how.max_tokens, how.temperature, seed=how.seed)
        try:
            reply = await engine.generate(request)
        except EngineError as failed:
            error = failed
            break
        judged = await asyncio.to_thread(_assessed, reply, assess, how.max_tokens)
        attempts.append(
            Attempt(
                request.fingerprint(),
                reply.usage.prompt_tokens,
                reply.usage.completion_tokens,
                reply.total_s,
                judged,
            )
        )
        tell(f"attempt {number}: {_said(judged)}")
        if judged.is_whole:
            break
        now = fingerprint(judged.findings)
        if now == before:
            stopped = "two attempts in a row failed in the same way"
            break
        before = now
        # the last program alone, so that a request never grows
        source = judged.source or reply.text[:2000] or "(nothing)"
        said = again(judged.source, judged.findings)
        more = (Message.of("assistant", f"```python\n{source}\n```"), Message.of("user", said))
    best = max(attempts, key=lambda one: one.judged.rank, default=None)
    return Asked(tuple(attempts), best, error, stopped)


def _assessed(reply: Reply, assess: Judge, max_tokens: int) -> Judged:
    # a model may repeat a key that a proxy put into its prompt
    source = redact(program_in(reply.text))
    judged = assess(source)
    if not source.strip() and reply.finish_reason != "length":
        judged = replace(judged, findings=tuple(_with_words(one, reply) for one in judged.findings))
    if reply.finish_reason == "length":
        cut = Finding("reply", f"the reply was cut after {max_tokens} tokens", "write a shorter program")
        judged = replace(judged, findings=(cut, *judged.findings))
    return judged


def _with_words(finding: Finding, reply: Reply) -> Finding:
    """A finding about a reply without a program, with what the model said instead."""
    if finding.stage != "reply":
        return finding
    words = " ".join(visible(redact(reply.text)[:500], keep="\n").split())
    words = words if len(words) <= _WORDS else words[: _WORDS - 1] + "…"
    said = f"the model says: {words}" if words else f"the reply is empty: {reply.why_no_text}"
    return replace(finding, hint=f"{finding.hint}; {said}")  # the hint: no part of the fingerprint


def _said(judged: Judged) -> str:
    if judged.is_whole:
        answer = "right" if judged.semantic == "pass" else "not checked"
        return f"{counted(judged.steps or 0, 'step')}, answer {answer}"
    errors = judged.errors
    return " ".join(str(errors[0]).split())[:200] if errors else f"level S{max(judged.level, 0)}"
