def solve(data):
    rows, cols = data["rows"], data["cols"]
    ways = [[1] * cols for _ in range(rows)]
    for r in range(1, rows):
        for c in range(1, cols):
            ways[r][c] = ways[r - 1][c] + ways[r][c - 1]
    return ways[-1][-1]


def trace(data):
    rows, cols = data["rows"], data["cols"]
    ways = [[1 if 0 in (r, c) else None for c in range(cols)] for r in range(rows)]
    first = {
        "data_state": {
            "type": "table",
            "data": [list(row) for row in ways],  # a copy: the table itself changes below
            "options": {"row_headers": list(range(rows)), "col_headers": list(range(cols))},
        },
        "pseudocode": ["for each cell, row by row", "  ways[r][c] = ways[r-1][c] + ways[r][c-1]"],
        "styles": {"tempStyles": {"new": {"backgroundColor": "#ffe8a3"}}},
    }
    deltas = []
    for r in range(1, rows):
        for c in range(1, cols):
            ways[r][c] = ways[r - 1][c] + ways[r][c - 1]
            above, left, here = {"row": r - 1, "col": c}, {"row": r, "col": c - 1}, {"row": r, "col": c}
            ops = [
                {"op": "showDependency", "params": {"from_cells": [above, left], "to_cell": here}},
                {"op": "updateTableCell", "params": {"updates": [{**here, "value": ways[r][c]}]}},
                {"op": "highlightTableCell", "params": {"cells": [here], "styleKey": "new"}},
            ]
            deltas.append({"code_highlight": 2, "operations": [ops]})
    return {
        "svl_version": "5.0",
        "algorithm": {"name": "Paths on a grid", "family": "dp"},
        "initial_frame": first,
        "deltas": deltas,
        "x-result": ways[-1][-1],
    }
