"""The page of `vidkit eval` as a browser of 1200 pixels lays it out: no column out of view, labels whole."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from eval_files import data_rows, replies, scored, writer_in

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HEADS = (
    "Multi-hop temporal reasoning and planning", "Emotion, intention and social relations", "Counting",
    "Fine-grained object attributes", "Video-based knowledge acquisition", "Physical world understanding",
    "Long-range narrative tracking", "Audio-visual matching",
)  # fmt: skip
PROBE = """<script>onload = () => {
  const edge = (box) => [box.left, box.top, box.right, box.bottom];
  const heads = [...document.querySelectorAll("th")].filter((cell) => cell.textContent.includes("unparsed"));
  const plots = [...document.querySelectorAll("svg")].map((svg) => ({
    box: edge(svg.getBoundingClientRect()),
    parts: [...svg.querySelectorAll("text, use")].map((part) => edge(part.getBoundingClientRect())),
  }));
  const found = {unparsed: heads.map((cell) => cell.getBoundingClientRect().right), plots,
                 wide: document.documentElement.scrollWidth};
  document.title = "found " + JSON.stringify(found) + " found";
}</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_everything_is_in_view_at_1200_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="the page needs the extra 'eval'")
    monkeypatch.chdir(tmp_path)
    write = writer_in(tmp_path)
    rows = data_rows(6 * len(HEADS))
    for number, row in enumerate(rows):
        row["second_head"] = HEADS[number // 4 % len(HEADS)]
    scored(write, write("d.json", rows), write("p.jsonl", replies(rows)), "--html", "r.html", "resamples=50")
    # the page forbids scripts
    page = re.sub(r"<meta[^>]*Content-Security-Policy[^>]*>", "", Path("r.html").read_text())
    Path("probed.html").write_text(page.replace("</body>", PROBE + "</body>"))
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900", "--dump-dom"]
    place = (tmp_path / "probed.html").as_uri()
    shown = subprocess.run([str(CHROMIUM), *words, place], capture_output=True, text=True, timeout=300).stdout
    match = re.search(r"found (\{.*?\}) found", shown, re.DOTALL)
    assert match is not None, "the browser laid nothing out"
    found = json.loads(match.group(1))
    assert len(found["unparsed"]) >= 3 and max(found["unparsed"]) <= 1200 and found["wide"] <= 1200
    assert len(found["plots"]) == 5
    for plot in found["plots"]:
        left, top, right, bottom = plot["box"]
        parts = [part for part in plot["parts"] if part[2] > part[0]]
        assert parts and all(
            part[0] >= left - 1 and part[1] >= top - 1 and part[2] <= right + 1 and part[3] <= bottom + 1
            for part in parts
        )
