"""One self-contained HTML page of a selection: opens offline, needs no script."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidkit.frames.outputs.images import clock, jpeg_bytes
from vidkit.frames.outputs.plot import svg_text
from vidkit.frames.pipeline import VideoSelection
from vidkit.utils.files import write_text_atomic
from vidkit.utils.pages import page_environment
from vidkit.video.types import Frame

_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,
initial-scale=1"> <title>{{ name }}: {{ frames|length }} frames by {{ record.title }}</title>
<style>
:root { color-scheme: light dark; --ink: #18181b; --quiet: #71717a; --paper: #fff; --line: #e4e4e7; --card:
#fafafa } @media (prefers-color-scheme: dark) {
  :root { --ink: #f4f4f5; --quiet: #a1a1aa; --paper: #18181b; --line: #3f3f46; --card: #27272a } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1200px;
  margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.35rem; margin: 0 0 .2rem; overflow-wrap: anywhere }
h2 { font-size: 1.05rem; margin: 2rem 0 .6rem }
.quiet { color: var(--quiet) } .query { font-size: 1.1rem; margin: .2rem 0 .8rem; overflow-wrap: anywhere }
.warn { border-left: 3px solid #f59e0b; padding: .2rem .8rem; margin: .4rem 0; background: var(--card) }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 12px }
figure { margin: 0; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; background:
var(--card) } figure img { width: 100%; display: block }
figcaption { padding: .4rem .6rem; display: flex; justify-content: space-between; gap: .5rem; font-size:
.88rem } .bar { height: 4px; background: #2563eb }
.plot { background: #fff; border-radius: 8px; border: 1px solid var(--line); padding: .4rem }
.plot svg { width: 100%; height: auto }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums }
td, th { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); text-align: right }
td:last-child, th:last-child { text-align: left }
.wide { overflow-x: auto }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .88rem }
dt { color: var(--quiet) } dd { margin: 0; overflow-wrap: anywhere }
</style></head><body>
<h1>{{ name }}</h1>
<p class="query">{% if record.query %}“{{ record.query }}”{% else %}no query{% endif %}</p>
<p class="quiet">{{ frames|length }} of {{ record.sampler.candidates }} candidates kept by <b>{{ record.title
}}</b>, relevance from <b>{{ record.relevance.words }}</b>{% if record.relevance.knows %}: it knows
{{ record.relevance.knows }}; it is blind to {{ record.relevance.blind }}{% endif %}
{%- if record.relevance.unknown_words %}; words it left out:
{{ record.relevance.unknown_words|join(', ') }}{% endif %}.</p>
{% for warning in record.warnings %}<p class="warn">{{ warning }}</p>{% endfor %}
{% if record.answer %}<h2>Answer</h2>{% if answer %}<p>{{ answer }}</p>{% endif %}
{% for key in ('error', 'hint', 'note') %}{% if record.answer[key] %}<p class="warn">{{ record.answer[key]
}}</p>{% endif %}{% endfor %}{% endif %}
<h2>Frames</h2>
<div class="grid">{% for frame in frames %}
<figure><img alt="frame at {{ frame.clock }}" src="data:image/jpeg;base64,{{ frame.data }}">
{% if frame.share is not none %}<div class="bar" style="width: {{ frame.share }}%"></div>{% endif %}
<figcaption><b>{{ frame.clock }}</b><span class="quiet">
{%- if frame.relevance is not none %}r {{ '%.3f'|format(frame.relevance) }} · {% endif %}{{ frame.reason
}}{% if frame.tokens %} ·
{{ frame.width }}x{{ frame.height }}, {{ frame.tokens }}
tokens{% endif %}</span> </figcaption></figure>{% endfor %}</div>
<h2>Why these</h2>
<div class="plot">{{ plot|safe }}</div>
<h2>Segments</h2>
<div class="wide"><table><tr><th>#</th><th>from</th><th>to</th><th>frames</th>
{%- if weighed %}<th>importance</th>{% endif %}</tr>
{% for s in record.segments %}<tr><td>{{ s.segment }}</td><td>{{ s.start_s|clock }}</td><td>{{ s.end_s|clock
}}</td> <td>{{ s.frames }}</td>{% if weighed %}<td>{{ '%.3f'|format(s.importance) }}</td>{% endif %}</tr>
{% endfor %}</table></div>
<h2>Against other methods</h2>
<div class="wide"><table><tr><th>method</th><th>overlap at ±1 s</th><th>times</th></tr>
{% for other in record.compared.values() %}<tr><td>{{ other.title }}</td><td>{{
'%.2f'|format(other.overlap) }}</td> <td>{% for t in other.time_s %}{{ t|clock }}
{% endfor %}</td></tr>{% endfor %}</table></div>
<h2>Run</h2>
<dl>{% for key, value in facts.items() %}<dt>{{ key }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>
</body></html>
"""


def render_page(
    result: VideoSelection, record: dict[str, Any], frames: Sequence[Frame], answer: str = ""
) -> str:
    """The page as text.

    Args:
        result: the selection.
        record: its record.
        frames: decoded kept frames; those lost in decoding are left out.
        answer: what a model said about the frames.
    """
    rows = {row["source_index"]: row for row in record["frames"]}
    top = max((row["relevance"] or 0.0 for row in rows.values()), default=0.0)
    cards = []
    for frame in frames:
        row = rows[frame.index]
        relevance = row["relevance"]
        share = None if relevance is None or top <= 0 else round(100 * max(relevance, 0.0) / top, 1)
        data = base64.b64encode(jpeg_bytes(frame.pixels)).decode("ascii")
        cards.append({"clock": clock(frame.time_s), "data": data, "share": share, **row})
    environment = page_environment(trim=False)
    environment.filters["clock"] = clock
    html: str = environment.from_string(_TEMPLATE).render(
        name=result.name,
        record=record,
        weighed=all("importance" in segment for segment in record["segments"]),
        frames=cards,
        plot=svg_text(result),
        answer=answer,
        facts=_facts(record),
    )
    return html


def token_words(facts: dict[str, Any]) -> str:
    """Tokens used and how they were spent, in one line."""
    spent = ", ".join(f"{count} of {cost}" for cost, count in facts["pictures"].items())
    return f"{facts['used']} of {facts['budget']}, a cell being {facts['cell']} pixels; pictures: {spent}"


def write_page(path: Path, text: str) -> None:
    """Write the page; the file appears whole or not at all."""
    write_text_atomic(path, text)


def _facts(record: dict[str, Any]) -> dict[str, str]:
    video = record["input"]
    seconds = record["timings"]["seconds"]
    budget = record["tokens"]
    tokens = {} if budget is None else {"tokens": token_words(budget)}
    return tokens | {
        "video": f"{video['width']}x{video['height']} {video['codec']}, {video['duration_s']:.1f} s, "
        f"{video['average_fps']:.2f} fps{' (variable)' if video['is_variable_rate'] else ''}",
        "part": f"{clock(record['sampler']['start_s'])} to {clock(record['sampler']['end_s'])}",
        "reader": f"{record['reader']['backend']}: {record['reader']['reason']}",
        "candidates": f"{record['sampler']['candidates']} at {record['sampler']['effective_fps']:g} fps",
        "features": record["features"],
        "seconds": ", ".join(f"{name} {value:.2f}" for name, value in seconds.items()),
        "vidkit": record["version"],
    }
