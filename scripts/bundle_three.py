"""Bundle `player/three_scene.js` with Three.js into one script for pages of `vidkit algoviz --3d`.

    python scripts/bundle_three.py            # writes player/three_scene.bundle.js
    python scripts/bundle_three.py --check    # exit 1 if the bundle is not of this source

Needs npm. Both packages are under the MIT licence; Three.js's notice stays in the bundle.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

PLAYER = Path(__file__).resolve().parents[1] / "vidkit" / "algoviz" / "renderers" / "player"
SOURCE, BUNDLE = PLAYER / "three_scene.js", PLAYER / "three_scene.bundle.js"
THREE, ESBUILD = "0.187.0", "0.28.2"
NOTICE = "Three.js {version}, https://threejs.org, Copyright 2010-2026 three.js authors, MIT licence"


def head() -> str:
    """The first line of the bundle: of which source it is made."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    return f"/*! {NOTICE.format(version=THREE)}; made from three_scene.js {digest} */\n"


def is_current() -> bool:
    return BUNDLE.is_file() and BUNDLE.read_text(encoding="utf-8").startswith(head())


def bundle() -> None:
    """Install both packages in a folder of their own, and write the bundle."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["npm", "install", "--no-save", "--ignore-scripts", f"three@{THREE}", f"esbuild@{ESBUILD}"]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
        entry, made = Path(folder) / "entry.js", Path(folder) / "made.js"
        entry.write_bytes(SOURCE.read_bytes())
        esbuild = Path(folder) / "node_modules" / ".bin" / "esbuild"
        options = ["--bundle", "--minify", "--format=iife", "--target=es2020", "--charset=ascii"]
        options += ["--legal-comments=inline", f"--outfile={made}"]
        subprocess.run([esbuild, entry, *options], cwd=folder, check=True, capture_output=True)
        # a page must not end its script early
        text = made.read_text(encoding="utf-8").replace("</script", "<\\/script").replace("<!--", "<\\!--")
        BUNDLE.write_text(head() + text, encoding="utf-8")
    print(f"{BUNDLE.name}: {BUNDLE.stat().st_size:,} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        sys.exit(
            0 if is_current() else f"{BUNDLE.name} is not of this source: python scripts/bundle_three.py"
        )
    bundle()
