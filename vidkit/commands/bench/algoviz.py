"""`vidkit bench algoviz`: programs of a folder or of a model over the 200 tasks, by level."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from vidkit.algoviz.asking.judging import LEVELS
from vidkit.algoviz.asking.loop import Asking
from vidkit.algoviz.asking.tracker import Conditions
from vidkit.bench.algoviz import baseline, measuring
from vidkit.bench.algoviz.measuring import Job, LoopThread, Source, Unanswered
from vidkit.bench.algoviz.summary import cost_table, level_table, summary
from vidkit.bench.algoviz.task_set import BenchTask, chosen
from vidkit.bench.progress import BenchProgress
from vidkit.bench.record import BenchRecord, environment
from vidkit.bench.running import Part, Tell, run_parts
from vidkit.bench.tables import say
from vidkit.commands.bench.common import command_of, folder_for, plan_of, print_files
from vidkit.config.bench_algoviz_schema import BenchAlgovizSettings, ProgramForm
from vidkit.errors import ConfigError, NothingAnswered, SomeFailed
from vidkit.sandbox.choosing import choose
from vidkit.serving import open_engine
from vidkit.serving.openai_engine import Limits
from vidkit.utils.files import write_text_atomic
from vidkit.utils.jsonl_log import JsonlLog
from vidkit.utils.ownership import check_free
from vidkit.utils.statistics import EACH_BY_ITSELF

_TASK_S = {"tracker": 1.5, "script": 2.0, "manim": 60.0}
REFERENCE = "reference"


def run(settings: BenchAlgovizSettings) -> dict[str, Any]:
    """Judge a program for every task.

    Returns:
        The record, as it lies in `algoviz.json`; of a dry run, the plan; of an export, the file.

    Raises:
        ConfigError: neither programs nor a model, or both; an area or a task that is not there.
        EngineError: no request to the server will work.
        SandboxError: no sandbox works here.
        NothingAnswered: the model gave no answer.
    """
    if settings.device not in ("auto", "cpu"):
        raise ConfigError(
            f"device={settings.device}: this benchmark does not use a device", "leave --device out"
        )
    tasks = chosen(settings.areas, settings.tasks, settings.limit, settings.seed)
    if settings.export is not None:
        return _exported(Path(settings.export), tasks, settings.force)
    _check(settings)
    _check_programs(settings, tasks)
    command = command_of("algoviz", settings)
    folder = folder_for("algoviz", settings.output, settings.dry_run)
    forms = [str(form) for form in dict.fromkeys(settings.forms)]
    seconds = {form: len(tasks) * _TASK_S[form] / settings.workers for form in forms}
    if settings.dry_run:
        parts = [Part(form, f"{len(tasks)} tasks", seconds[form], lambda _: iter(())) for form in forms]
        return plan_of("algoviz", parts, _notes(settings), command)
    choose("auto")
    record = BenchRecord(
        "algoviz",
        folder,
        [],
        made_by=command,
        settings=dataclasses.asdict(settings),
        environment=environment(("pydantic",), settings.seed),
        force=settings.force,
        inputs=dict.fromkeys(forms, f"{len(tasks)} tasks of vidkit's set, inputs of seed {settings.seed}"),
    )
    record.found = {"levels": LEVELS, "rows": [], "summary": [], "unanswered": {}}
    log = JsonlLog(
        folder / "algoviz.rows.jsonl", partial(_kept, record, forms, tasks), header=_header(settings)
    )
    measuring.allow_programs(settings.workers)
    try:
        with _source(settings) as source:
            parts = [
                Part(
                    form,
                    f"{len(tasks)} tasks",
                    seconds[form],
                    partial(_rows, form, tasks, source, record, settings),
                )
                for form in forms
            ]
            with BenchProgress([(part.name, part.planned_s) for part in parts]) as progress:
                run_parts(parts, record, progress, partial(_take, record, log, tasks), lambda _: None)
    finally:
        log.release()
        _show(record, settings)
        print_files(folder, [record.file.name, "algoviz.rows.jsonl"])
    return _ended(record)


def _check(settings: BenchAlgovizSettings) -> None:
    if (settings.programs is None) == (settings.model is None):
        raise ConfigError(
            "give either programs or a model",
            "programs=FOLDER (of TASK.py), programs=reference, or model=NAME base_url=URL",
        )
    if settings.model is not None and settings.base_url is None:
        raise ConfigError(f"model={settings.model} needs base_url", "base_url=http://127.0.0.1:8000/v1")
    if settings.programs == REFERENCE and settings.forms != [ProgramForm.script]:
        raise ConfigError("programs=reference are ordinary programs", "add forms=[script]")
    folder = settings.programs
    if folder not in (None, REFERENCE) and not Path(str(folder)).is_dir():
        raise ConfigError(f"programs={folder} is not a folder", "give a folder of programs named TASK.py")
    if ProgramForm.manim in settings.forms and not settings.dry_run:
        baseline.check_manim()


def _notes(settings: BenchAlgovizSettings) -> list[str]:
    if settings.model is not None:
        return [f"a model is asked, at most {settings.attempts} times per task; its time is extra"]
    return ["no model is asked"]


def _check_programs(settings: BenchAlgovizSettings, tasks: list[BenchTask]) -> None:
    """Refuse a folder without a program for any of the tasks: that is another folder, not bad programs."""
    if settings.programs in (None, REFERENCE):
        return
    folder, forms = Path(str(settings.programs)), [str(form.value) for form in settings.forms]
    if not any(measuring.program_file(folder, form, one.task_id) for one in tasks for form in forms):
        raise ConfigError(
            f"programs={folder} has no program for any of the {len(tasks)} tasks",
            f"name them TASK.py or FORM/TASK.py, such as {tasks[0].task_id}.py",
        )


def _header(settings: BenchAlgovizSettings) -> dict[str, Any]:
    """What rows depend on besides task and form."""
    names = ("programs", "model", "attempts", "max_tokens", "temperature", "seconds", "draw", "seed")
    return {"what": "bench algoviz", "version": 1, **{name: getattr(settings, name) for name in names}}


def _kept(
    record: BenchRecord, forms: list[str], tasks: list[BenchTask], line: dict[str, Any], _: Any
) -> None:
    """Take a row of an earlier run."""
    if line["form"] in forms and line["task"] in {one.task_id for one in tasks}:
        record.found["rows"].append({**line, "level": int(line["level"])})


@contextmanager
def _source(settings: BenchAlgovizSettings) -> Iterator[Source]:
    how = Asking(
        "tracker",
        settings.attempts,
        settings.max_tokens,
        settings.temperature,
        conditions=Conditions(settings.seconds),
    )
    if settings.programs == REFERENCE:
        yield measuring.reference_source(how, settings.draw)
    elif settings.programs is not None:
        yield measuring.folder_source(Path(settings.programs), how, settings.draw)
    else:
        engine = open_engine(
            f"openai:{settings.model}",
            base_url=settings.base_url,
            api_key_env=settings.api_key_env,
            concurrency=settings.concurrency,
            limits=Limits(total_s=settings.timeout_s),
        )
        thread = LoopThread()
        try:
            yield measuring.model_source(engine, thread.loop, how, settings.draw)
        finally:
            thread.close(engine)


def _rows(
    form: str,
    tasks: list[BenchTask],
    source: Source,
    record: BenchRecord,
    settings: BenchAlgovizSettings,
    tell: Tell,
) -> Iterator[Any]:
    done = {row["key"] for row in record.found["rows"]}
    jobs = [job for task in tasks if (job := Job(form, task)).key not in done]
    if len(jobs) < len(tasks):
        tell(f"{len(tasks) - len(jobs)} of {len(tasks)} tasks are already done")
    concurrency = settings.concurrency if settings.model is not None else settings.workers
    yield from measuring.measure(jobs, source, concurrency)


def _take(record: BenchRecord, log: JsonlLog, tasks: list[BenchTask], part: Part, found: Any) -> str:
    if isinstance(found, Unanswered):
        record.found["unanswered"][found.key] = found.error.message
        return f"{found.key}: {found.error.message}"
    log.append(found)
    record.found["rows"].append(found)
    count = sum(row["form"] == part.name for row in record.found["rows"])
    record.found["summary"] = summary(record.found["rows"])
    level = f"S{found['level']}" if found["level"] >= 0 else "no program"
    return f"{count} of {len(tasks)}: {found['task']} {level} {found['finding'][:100]}".rstrip()


def _show(record: BenchRecord, settings: BenchAlgovizSettings) -> None:
    rows = record.found["rows"]
    if not rows:
        return
    record.found["summary"] = lines = summary(rows)
    record.write()
    whose = f"programs {settings.programs}" if settings.programs else f"model {settings.model}"
    if settings.programs == REFERENCE:
        whose = "vidkit's own solutions, traced: a check of the harness, not a model's score"
    level_table(lines, f"{whose}; {EACH_BY_ITSELF}").show()
    cost_table(lines).show()
    for name, meaning in LEVELS.items():
        say(f"{name}  {meaning}")


def _ended(record: BenchRecord) -> dict[str, Any]:
    content, missing = record.content(), record.found["unanswered"]
    if missing and not record.found["rows"]:
        raise NothingAnswered("the model gave no answer", next(iter(missing.values())), content)
    if missing:
        hint = "run the same command again: only these are asked"
        raise SomeFailed(
            f"{len(missing)} tasks have no reply; they count as neither right nor wrong", hint, content
        )
    return content


def _exported(file: Path, tasks: list[BenchTask], force: bool) -> dict[str, Any]:
    """The tasks as JSON lines, for harnesses of others."""
    check_free(file, [], force)
    lines = [
        {
            "id": one.task_id,
            "area": one.area,
            "title": one.task.title,
            "problem": one.task.problem,
            "input": one.task.data,
            "expected": one.task.expected,
            "seed": one.seed,
        }
        for one in tasks
    ]
    write_text_atomic(file, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    say(f"{file}: {len(lines)} tasks")
    return {"export": str(file), "tasks": len(lines)}
