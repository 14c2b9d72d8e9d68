"""Pages with the data in space: self-contained, of the current source, and seen in a browser."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import algoviz_traces as made
import numpy as np
import pytest
from PIL import Image

import vidkit.algoviz as algoviz
from vidkit.cli.main import run

ROOT = Path(__file__).resolve().parents[3]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BUNDLE = ROOT / "vidkit" / "algoviz" / "renderers" / "player" / "three_scene.bundle.js"


def test_bundle_is_of_its_source_and_keeps_the_licence():
    done = subprocess.run([sys.executable, "scripts/bundle_three.py", "--check"], cwd=ROOT)
    assert done.returncode == 0
    assert "SPDX-License-Identifier: MIT" in BUNDLE.read_text() and "Three.js" in BUNDLE.read_text()[:60]


def test_page_is_one_file_without_network(tmp_path, capsys):
    trace = tmp_path / "t.json"
    trace.write_text(json.dumps(made.bubble_sort([4, 3, 1, 2])))
    assert run(["algoviz", str(trace), "--3d", "-o", str(tmp_path / "t.html")]) == 0
    text = (tmp_path / "t.html").read_text()
    assert "default-src 'none'" in text and not re.search(r"(?:src|href)=\"|@import", text)
    assert text.count("</script>") == 3 and text.rstrip().endswith("</html>")
    assert run(["algoviz", str(trace), "--3d", "--to", "mp4"]) == 2
    assert "--3d is a page, not mp4" in capsys.readouterr().err


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_browser_draws_boxes_where_the_flat_picture_was(tmp_path):
    trace = algoviz.trace_of(made.bubble_sort([4, 3, 1, 2]))
    page = algoviz.render(trace, to="html3d", output=tmp_path / "t.html").files[0]
    said = "`${document.documentElement.dataset.space} ${vidkitSpace.parts()}`"
    probe = f"<script>document.title = {said}</script></body>"
    page.write_text(page.read_text().replace("</body>", probe))
    options = ["--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
    options += ["--enable-unsafe-swiftshader", "--window-size=960,620", "--virtual-time-budget=3000"]
    options += [
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--screenshot={tmp_path / 'shot.png'}",
        "--dump-dom",
    ]
    done = subprocess.run([CHROMIUM, *options, page.as_uri()], capture_output=True, text=True, timeout=600)
    found = re.search(r"<title>(\w+) ?(\d*)</title>", done.stdout)
    assert found is not None, done.stderr[-500:]
    if found[1] == "none":
        pytest.skip("this Chromium has no WebGL")
    assert int(found[2]) >= 8  # four boxes, their numbers and what stands around them
    pixels = np.asarray(Image.open(tmp_path / "shot.png").convert("L"), int)[60:420, 380:940]
    assert pixels.std() > 4 and (pixels < 120).sum() > 100
