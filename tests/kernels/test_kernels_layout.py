import ast
from pathlib import Path

import pytest

KERNELS = Path(__file__).parents[2] / "kernels"


def test_kernels_folder_is_no_package():
    # a package called `kernels` would shadow the one of the same name on PyPI
    assert not (KERNELS / "__init__.py").exists()


def test_kernels_import_torch_and_triton_only():
    allowed = {
        "torch",
        "triton",
        "__future__",
        "collections",
        "contextlib",
        "dataclasses",
        "functools",
        "importlib",
        "os",
        "types",
        "typing",
    }
    for path in (KERNELS / "vidkit_kernels").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert {n.split(".")[0] for n in names} <= allowed, f"{path.name} imports {names}"


def test_every_operator_has_its_twin():
    folders = [p for p in (KERNELS / "vidkit_kernels").iterdir() if (p / "triton.py").exists()]
    assert len(folders) >= 5
    for folder in folders:
        assert (folder / "reference.py").exists() and f"`{folder.name}`" in (
            KERNELS / "README.md"
        ).read_text()


def test_the_hopper_kernel_fits_the_installed_triton():
    pytest.importorskip("triton")
    from vidkit_kernels.block_sparse.triton import _hopper

    assert _hopper() is not None
