"""The page: one file, no network, hostile text harmless; in a browser it shows the scenes of every step."""

import json
import re
import shutil
import subprocess

import algoviz_traces as made
import pytest

import vidkit.algoviz as algoviz
from vidkit.algoviz.renderers.rendering import film_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def in_browser(page, script, tmp_path, width=1280):
    """What a script says when it has run at the end of a page."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    out = "document.body.insertAdjacentHTML('beforeend', '<pre id=said>' + JSON.stringify(said)"
    text = page.read_text(encoding="utf-8")
    probe = tmp_path / f"probe{width}.html"
    run = f"const said = (() => {{{script}}})();"
    end = f"<script>{run}{out}.replaceAll('<', '&lt;') + '</pre>');</script></body>"
    probe.write_text(text.replace("</body>", end), encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={width},900", "--dump-dom",
               f"--user-data-dir={tmp_path / 'profile'}"]  # fmt: skip
    done = subprocess.run([CHROMIUM, *options, probe.as_uri()], capture_output=True, text=True, timeout=600)
    found = re.search(r"<pre id=\"said\">(.*?)</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr[-800:]
    return json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    trace = algoviz.trace_of(made.bubble_sort([4, 3, 1, 2]))
    return algoviz.render(trace, output=folder / "sort.html").files[0]


def test_page_asks_no_network_and_runs_nothing_of_the_trace(tmp_path):
    strange = algoviz.trace_of(made.strange())
    text = algoviz.render(strange, output=tmp_path / "odd.html").files[0].read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=|@import|url\((?!data:)", text)
    assert "default-src 'none'" in text
    assert "alert(1)" in text and "<script>alert(1)" not in text
    assert text.count("</script>") == 2
    assert "<title>Ünïcödé &lt;/title&gt;" in text


def test_browser_shows_the_geometry_of_the_scenes_at_every_step(page, tmp_path):
    film = film_of(algoviz.trace_of(made.bubble_sort([4, 3, 1, 2])))
    last = len(film) - 1
    said = in_browser(
        page,
        "const p = vidkitPlayer; const made = {steps: p.steps, states: []};"
        f"for (const k of [0, {last}, 7, 3]) {{ p.seek(k); made.states.push([p.step(), p.state()]); }}"
        "p.seek(3); p.back(); made.back = p.step(); p.seek(3); p.forward(); made.forward = p.step();"
        "p.seek(5); made.drawn = document.querySelectorAll('#stage text').length;"
        "made.hash = location.hash;"
        "const texts = [...document.querySelectorAll('#stage text')];"
        "made.widths = texts.map((t) => [t.lastChild.textContent, t.getBBox().width]);"
        "return made;",
        tmp_path,
    )
    assert said["steps"] == len(film)
    assert (said["back"], said["forward"], said["hash"]) == (2, 4, "#step=5")
    for step, shapes in said["states"]:
        wanted = {
            shape.id: [round(v, 1) for v in (shape.x, shape.y, shape.w, shape.h)]
            for shape in film.scene(step).shapes
        }
        found = {s["id"]: [round(s[name], 1) for name in "xywh"] for s in shapes}
        assert found.keys() == wanted.keys()
        assert all(abs(a - b) <= 0.11 for key in wanted for a, b in zip(found[key], wanted[key], strict=True))
    texts = sorted((shape.text, shape.w) for shape in film.scene(5).shapes if shape.kind == "text")
    assert said["drawn"] == len(texts)
    for (text, wide), (wanted_text, wanted_wide) in zip(
        sorted(map(tuple, said["widths"])), texts, strict=True
    ):
        assert text == wanted_text
        assert abs(wide - wanted_wide) < 2.5, f"'{text}' is as wide in the browser as it was measured"


def test_narrow_screens_stack_the_parts(page, tmp_path):
    said = in_browser(
        page,
        "const box = (q) => document.querySelector(q).getBoundingClientRect();"
        "return {wide: document.documentElement.scrollWidth, main: box('svg[data-region=main]').bottom,"
        " side: box('svg[data-region=side]').top, button: box('#play').height};",
        tmp_path,
        width=500,
    )
    assert said["wide"] <= 500
    assert said["side"] >= said["main"] - 1
    assert said["button"] >= 44


def test_frame_of_five_hundred_elements_is_fast(tmp_path):
    rows, columns = 16, 14
    table = {"type": "table", "data": [[r * c for c in range(columns)] for r in range(rows)]}
    updates = [{"row": r, "col": c, "value": r + c + 100} for r in range(rows) for c in range(columns)]
    marks = [{"row": r, "col": c} for r in range(rows) for c in range(columns)]
    every = [
        made.op("updateTableCell", updates=updates),
        made.op("highlightTableCell", cells=marks, styleKey="comparing"),
    ]
    page = algoviz.render(algoviz.trace_of(made.trace(table, every)), output=tmp_path / "t.html").files[0]
    said = in_browser(page, "return vidkitPlayer.measure(0, 60);", tmp_path)
    assert said["elements"] >= 450 and said["changing"] >= 440
    # 4 ms on a quiet machine with two cores; this one may be busy
    assert said["ms"] < 16, said
