"""Programs that a model writes: what they print and save comes back, and nothing they try gets out."""

import contextlib
import io
import os
import socket
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

from vidkit import sandbox
from vidkit.agents.tools.python import PythonTool
from vidkit.agents.types import ToolError
from vidkit.agents.workspace import Workspace

if not any(backend.works for backend in sandbox.backends()):
    pytest.skip("no backend of the sandbox works here", allow_module_level=True)


def run(code: str, seconds: float = 20):
    picture = PIL.Image.new("RGB", (200, 100), (255, 0, 0))
    return PythonTool(seconds, 512).run({"code": code}, Workspace([picture]))


def test_a_crop_comes_back() -> None:
    crop = "Image.open('in/picture1.png').crop((0, 0, 56, 56)).save('out/crop.png')"
    code = f"from PIL import Image\n{crop}\nprint(6 * 7)"
    result = run(code)
    assert (result.text, result.problem) == ("42\n", "")
    assert PIL.Image.open(io.BytesIO(result.images[0].data)).convert("RGB").getpixel((3, 3)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("print(", "SyntaxError"),
        ("raise SystemExit(3)", "exit status 3"),
        ("while True: pass", "over its limit"),
        ("import time; time.sleep(99)", "over its limit"),
        ("while True: print('x' * 10**6)", "over its limit (output)"),
        ("x = bytearray(10 * 2**30)\nfor i in range(0, len(x), 4096): x[i] = 1", "over its limit (memory)"),
        ("f = open('big', 'wb')\nwhile True: f.write(b'x' * 10**7)", "over its limit"),
        ("open('/tmp/outside_of_agents', 'w').write('x')", "Error: [Errno"),
        ("import os, time\nfor _ in range(3000): os.fork() or time.sleep(99)", "BlockingIOError"),
    ],
)
def test_what_goes_wrong_is_told_and_stays_inside(code: str, told: str) -> None:
    result = run(code, seconds=4 if told == "over its limit" else 60)  # the others end by themselves
    assert told in result.problem
    assert not os.path.exists("/tmp/outside_of_agents")


def test_a_program_reaches_no_server_of_this_machine() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.5)
        code = f"import socket; socket.create_connection({server.getsockname()!r}, 5); print('connected')"
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)  # it could, outside
        server.accept()[0].close()
        result = run(code)
        assert "Error" in result.problem and "connected" not in result.text
        with pytest.raises(TimeoutError):
            server.accept()


def test_what_a_program_begins_ends_with_it() -> None:
    mark = f"left{os.getpid()}"
    code = (
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)', {mark!r}],"
        " start_new_session=True)\nprint('begun')"
    )
    result = run(code)
    assert "begun" in result.text and not result.problem
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(entry.read_bytes())
    assert not any(mark.encode() in line for line in lines)


def test_what_is_no_picture_is_left_out_and_long_output_is_cut() -> None:
    result = run("open('out/a.png', 'w').write('no picture')\nprint('x' * 100_000)")
    assert result.images == () and len(result.text) < 5000 and "100001 bytes in all" in result.text


@pytest.mark.parametrize("code", [None, "", "  ", 7])
def test_no_program(code) -> None:
    with pytest.raises(ToolError, match="must be a Python program"):
        run(code)
