"""Small traces of every kind of data structure, made in code; each is a JSON value for `trace_of`."""

from __future__ import annotations

import random
from typing import Any

Json = dict[str, Any]
STYLES = {
    "elementStyles": {
        "idle": {"backgroundColor": "#f0f0f0", "textColor": "#000000"},
        "comparing": {"backgroundColor": "#ffd700"},
        "sorted": {"backgroundColor": "#90ee90", "textColor": "#003300"},
    },
    "edgeStyles": {"chosen": {"stroke": "#2e7d32", "strokeWidth": 3}},
    "tempStyles": {"from": {"color": "#c62828"}},
}
CODE = [
    "def sort(a):",
    "    for i in range(len(a)):",
    "        for j in range(i):",
    "            swap(a, i, j)",
]


def op(kind: str, /, **params: Any) -> Json:
    return {"op": kind, "params": params}


def ends_of(edge: Json) -> Json:
    return {"from": edge["from"], "to": edge["to"]}


def trace(main: Json, *steps: list[Json], aux: list[Json] | None = None, **frame: Any) -> Json:
    """A trace whose steps are lists of operations."""
    return {
        "svl_version": "5.0",
        "algorithm": {"name": frame.pop("name", "Example"), "family": frame.pop("family", "testing")},
        "required_extensions": [],
        "initial_frame": {
            "data_schema": {},
            "data_state": main,
            "auxiliary_views": aux or [],
            "variables_schema": [],
            "pseudocode": frame.pop("pseudocode", CODE),
            "code_highlight": 1,
            "styles": frame.pop("styles", STYLES),
        },
        "deltas": [{"code_highlight": 1 + k % 4, "operations": [list(ops)]} for k, ops in enumerate(steps)],
    }


def array(values: list[Any], kind: str = "array") -> Json:
    elements = [{"index": i, "value": value, "state": "idle"} for i, value in enumerate(values)]
    return {"type": kind, "structure": elements}


def swap(values: list[Any], i: int, j: int) -> Json:
    values[i], values[j] = values[j], values[i]
    return op("updateValues", updates=[{"index": i, "value": values[i]}, {"index": j, "value": values[j]}])


def bubble_sort(values: list[int], aux: list[Json] | None = None) -> Json:
    """A sort with pointers, ranges, variables and comments."""
    main, steps, a = array(list(values)), [], list(values)
    for end in range(len(a) - 1, 0, -1):
        for i in range(end):
            ops = [
                op("x-pointer", view_id="data_state", index=i, label="i"),
                op("x-pointer", view_id="data_state", index=i + 1, label="i+1"),
                op("updateStyle", indices=[i, i + 1], styleKey="comparing"),
                op("x-setVariable", name="i", value=i),
                op("showComment", text=f"{a[i]} against {a[i + 1]}", anchor="global"),
            ]
            steps.append(ops)
            if a[i] > a[i + 1]:
                steps.append([swap(a, i, i + 1)])
            steps.append([op("updateStyle", indices=[i, i + 1], styleKey="idle")])
        steps.append(
            [
                op("updateStyle", indices=[end], styleKey="sorted"),
                op(
                    "updateBoundary",
                    type="sorted",
                    range=[end, len(a) - 1],
                    styleKey="sorted",
                    label="sorted",
                ),
            ]
        )
    return trace(main, *steps, aux=aux, name="Bubble sort", family="sorting")


def table() -> Json:
    n = 6
    main = {
        "type": "table",
        "data": [[0] * n for _ in range(n)],
        "options": {"row_headers": list("abcdef"), "col_headers": list("uvwxyz")},
    }
    steps = []
    for r in range(1, n):
        for c in range(1, n):
            cells = [{"row": r, "col": c}]
            steps.append(
                [
                    op(
                        "updateTableCell",
                        view_id="data_state",
                        updates=[{"row": r, "col": c, "value": r * c}],
                    ),
                    op("highlightTableCell", view_id="data_state", cells=cells, styleKey="comparing"),
                    op(
                        "showDependency",
                        view_id="data_state",
                        to_cell={"row": r, "col": c},
                        styleKey="from",
                        from_cells=[
                            {"row": r - 1, "col": c},
                            {"row": r, "col": c - 1},
                            {"row": r - 1, "col": c - 1},
                        ],
                    ),
                    op("x-pointer", view_id="data_state", index=[r, c], label="at"),
                ]
            )
    return trace(main, *steps, name="Table", family="dynamic programming")


def graph(n: int = 7, directed: bool = True, seed: int = 1, extra: int = 4) -> Json:
    random_ = random.Random(seed)
    nodes = [{"id": f"n{i}", "label": chr(65 + i % 26), "properties": {"distance": None}} for i in range(n)]
    edges = [
        {"from": f"n{random_.randrange(i)}", "to": f"n{i}", "directed": directed, "label": str(i)}
        for i in range(1, n)
    ]
    for _ in range(extra):
        a, b = random_.randrange(n), random_.randrange(n)
        edges.append({"from": f"n{a}", "to": f"n{b}", "directed": directed, "label": str(a * b)})
    steps = [
        [
            op("updateNodeStyle", ids=[f"n{i}"], styleKey="comparing"),
            op("updateNodeProperties", updates=[{"id": f"n{i}", "properties": {"distance": 3 * i}}]),
            op("updateEdgeStyle", edges=[ends_of(edges[i % len(edges)])], styleKey="chosen"),
        ]
        if edges
        else []
        for i in range(n)
    ]
    main = {"type": "graph", "structure": {"nodes": nodes, "edges": edges}}
    queue = {"view_id": "frontier", "type": "list", "title": "Frontier", "data": ["n0"]}
    for i, ops in enumerate(steps):
        ops.append(op("appendToList", view_id="frontier", value=f"n{i}({3 * i})"))
        if i % 2:
            ops.append(op("popFromList", view_id="frontier", **{"from": "head"}))
    return trace(main, *steps, aux=[queue], name="Dijkstra", family="graph")


def tree(n: int = 10, seed: int = 2) -> Json:
    """A search tree that grows; the last step takes a node away."""
    random_ = random.Random(seed)
    values = random_.sample(range(100), n)
    root = str(values[0])
    below: dict[int, list[int | None]] = {value: [None, None] for value in values}
    main = {
        "type": "tree",
        "structure": {"root": root, "nodes": [{"id": root, "parent": None, "children": []}]},
    }
    steps = []
    for value in values[1:]:
        at = values[0]
        while True:
            side = int(value > at)
            child = below[at][side]
            if child is None:
                break
            at = child
        below[at][side] = value
        place = {"index": 0} if side == 0 else {}
        steps.append(
            [
                op("addChild", parent_id=str(at), node={"id": str(value)}, **place),
                op("updateNodeStyle", ids=[str(value)], styleKey="comparing"),
            ]
        )
    steps.append([op("highlightPath", from_id=str(values[0]), to_id=str(values[-1]), styleKey="comparing")])
    return trace(main, *steps, name="Search tree", family="tree")


def rotation() -> Json:
    nodes = [
        {"id": "x", "children": ["y", "c"]},
        {"id": "y", "parent": "x", "children": ["a", "b"]},
        {"id": "a", "parent": "y"},
        {"id": "b", "parent": "y"},
        {"id": "c", "parent": "x"},
    ]
    main = {"type": "tree", "structure": {"root": "x", "nodes": nodes}}
    return trace(
        main,
        [op("reparent", node_id="b", new_parent_id="x", index=0)],
        [op("updateNodeStyle", ids=["b"], styleKey="comparing")],
        name="Rotation",
        family="tree",
    )


def hashtable(size: int = 8) -> Json:
    main = {
        "type": "hashtable",
        "structure": {"size": size, "buckets": [{"index": i, "items": []} for i in range(size)]},
    }
    steps = []
    for i, word in enumerate(["pear", "plum", "fig", "apple", "quince", "lime"]):
        bucket = len(word) % size
        steps.append(
            [
                op("showHash", input_key=word, output_hash=len(word), bucket_index=bucket),
                op("highlightBucket", bucket_index=bucket, styleKey="comparing"),
            ]
        )
        steps.append(
            [
                op("insertIntoBucket", bucket_index=bucket, element={"key": word, "value": i}),
                op("highlightCollision", bucket_index=bucket),
            ]
        )
    return trace(main, *steps, name="Hash table", family="hashtable")


def stack_and_queue() -> Json:
    aux = [
        {"view_id": "s", "type": "x-stack", "title": "Stack", "data": [{"index": 0, "value": 1}]},
        {"view_id": "q", "type": "x-queue", "title": "Queue", "data": [{"index": 0, "value": "first"}]},
        {"view_id": "seen", "type": "x-set", "title": "Seen", "data": []},
        {"view_id": "named", "type": "list", "title": "Named", "data": {"low": [1, 2], "high": [9]}},
    ]
    steps = []
    for i in range(6):
        steps.append([op("appendToList", view_id=v, value=f"{v}{i}") for v in ("s", "q", "seen")])
        steps.append(
            [
                op("popFromList", view_id="q", **{"from": "head"}),
                op("x-pushFrame", name="visit", arguments={"n": i}),
            ]
        )
    steps += [[op("popFromList", view_id="s"), op("x-popFrame")] for _ in range(3)]
    return trace(
        array([3, 1, 2], "x-string"), *steps, aux=aux, name="Stack and queue", family="data structure"
    )


def heap() -> Json:
    values = [1, 4, 2, 9, 5, 3]
    steps = [[swap(values, 0, 5)], [op("popFromList", view_id="data_state")], [swap(values, 0, 2)]]
    return trace(array([1, 4, 2, 9, 5, 3], "x-heap"), *steps, name="Heap", family="heap")


def linked_list() -> Json:
    nodes = [{"id": f"n{i}", "label": str(i)} for i in range(5)]
    edges = [{"from": f"n{i}", "to": f"n{i + 1}", "directed": True} for i in range(4)]
    main = {"type": "x-linkedlist", "structure": {"nodes": nodes, "edges": edges, "head": "n0"}}
    steps = []
    for i in range(4):
        turn = [
            op("removeEdge", **{"from": f"n{i}", "to": f"n{i + 1}"}),
            op("x-pointer", view_id="data_state", index=f"n{i + 1}", label="current"),
        ]
        if i:
            turn.append(op("addEdge", edge={"from": f"n{i}", "to": f"n{i - 1}", "directed": True}))
        steps.append(turn)
    return trace(main, *steps, name="Reversing a list", family="linked list")


def matrix() -> Json:
    data = [[(r * c) % 2 for c in range(9)] for r in range(6)]
    main = {"type": "x-matrix", "data": data}
    steps = [[op("updateTableCell", updates=[{"row": r, "col": 3, "value": 7}])] for r in range(6)]
    return trace(main, *steps, name="Flood fill", family="grid")


def strange() -> Json:
    """Text of many scripts and of no script, null, huge and nested values."""
    values = [
        "汉字漢字",
        "שלום",
        "مرحبا",
        "👩‍👩‍👧🇩🇪",
        "a_b%$#&{}~^\\",
        "<script>alert(1)</script>",
        None,
        True,
        1.5,
        10**40,
        [1, [2, {"a": 3}]],
        "x" * 400,
        "two\nlines",
        "\u0000\u202e",
        "e\u0301" * 30,
        "",
    ]
    main = array(values)
    comment = "Комментарий 注释 — תגובה & <b>bold</b> </script> \\frac{1}{2} " * 6
    steps = [
        [op("showComment", text=comment, anchor="global")],
        [op("x-setVariable", name="имя_" * 12, value="значение " * 30)],
    ]
    return trace(
        main,
        *steps,
        name="Ünïcödé </title> 算法 " * 5,
        family="strange & <odd>",
        pseudocode=["s = '汉字'  # " + "x" * 200, "\tif a < b && c > d:", "", "\\end{document}"],
    )


def empty(kind: str = "array") -> Json:
    mains: dict[str, Json] = {
        "array": {"type": "array", "structure": []},
        "table": {"type": "table", "data": []},
        "graph": {"type": "graph", "structure": {"nodes": [], "edges": []}},
        "tree": {"type": "tree", "structure": {"root": None, "nodes": []}},
        "hashtable": {"type": "hashtable", "structure": {"size": 0, "buckets": []}},
    }
    return trace(mains[kind], pseudocode=[], name="")


def large(kind: str) -> Json:
    """5,000 elements."""
    if kind == "array":
        return trace(
            array(list(range(5000))),
            *[[op("updateStyle", indices=[k * 900], styleKey="comparing")] for k in range(5)],
        )
    if kind == "table":
        main = {"type": "table", "data": [[r * c for c in range(100)] for r in range(50)]}
        return trace(main, [op("updateTableCell", updates=[{"row": 44, "col": 90, "value": "new"}])])
    if kind == "list":
        aux = [{"view_id": "l", "type": "list", "title": "Long", "data": list(range(5000))}]
        return trace(array([1, 2]), [op("appendToList", view_id="l", value="last")], aux=aux)
    if kind == "tree":
        nodes = [{"id": str(i), "parent": None if i == 0 else str((i - 1) // 2)} for i in range(5000)]
        return trace({"type": "tree", "structure": {"root": "0", "nodes": nodes}})
    if kind == "hashtable":
        buckets = [{"index": i, "items": [{"key": f"k{i}", "value": i}] * (i % 30)} for i in range(350)]
        return trace({"type": "hashtable", "structure": {"size": 350, "buckets": buckets}})
    nodes = [{"id": str(i)} for i in range(5000)]
    edges = [{"from": str(i), "to": str((i * 7 + 1) % 5000)} for i in range(5000)]
    return trace({"type": "graph", "structure": {"nodes": nodes, "edges": edges}})


def everything() -> dict[str, Json]:
    """Every kind once, by name."""
    return {
        "array": bubble_sort([5, 2, 8, 1, 9]),
        "wide array": bubble_sort(list(range(40, 28, -1))),
        "table": table(),
        "graph": graph(),
        "undirected": graph(9, False, 5, 6),
        "tree": tree(),
        "rotation": rotation(),
        "hashtable": hashtable(),
        "stack": stack_and_queue(),
        "heap": heap(),
        "linked list": linked_list(),
        "matrix": matrix(),
        "strange": strange(),
        **{f"empty {kind}": empty(kind) for kind in ("array", "table", "graph", "tree", "hashtable")},
    }
