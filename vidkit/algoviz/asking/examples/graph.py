from collections import deque


def solve(data):
    order, waiting = [data["start"]], deque([data["start"]])
    while waiting:
        for near in data["graph"][waiting.popleft()]:
            if near not in order:
                order.append(near)
                waiting.append(near)
    return order


def trace(data):
    graph, start = data["graph"], data["start"]
    edges = sorted({tuple(sorted((a, b))) for a in graph for b in graph[a]})
    first = {
        "data_state": {
            "type": "graph",
            "structure": {
                "nodes": [{"id": node, "label": node} for node in graph],
                "edges": [{"from": a, "to": b, "directed": False} for a, b in edges],
            },
        },
        "auxiliary_views": [{"view_id": "waiting", "type": "list", "title": "Queue", "data": [start]}],
        "pseudocode": ["take the first of the queue", "  add its neighbours that are new"],
        "styles": {
            "elementStyles": {"seen": {"backgroundColor": "#c9efcf"}, "now": {"backgroundColor": "#ffe8a3"}}
        },
    }
    deltas, order, waiting = [], [start], deque([start])
    while waiting:
        node = waiting.popleft()
        ops = [
            {"op": "popFromList", "params": {"view_id": "waiting", "from": "head"}},
            {"op": "updateNodeStyle", "params": {"ids": [node], "styleKey": "now"}},
        ]
        deltas.append({"code_highlight": 1, "operations": [ops]})
        ops = [{"op": "updateNodeStyle", "params": {"ids": [node], "styleKey": "seen"}}]
        for near in graph[node]:
            if near not in order:
                order.append(near)
                waiting.append(near)
                ops.append({"op": "appendToList", "params": {"view_id": "waiting", "value": near}})
        deltas.append({"code_highlight": 2, "operations": [ops]})
    return {
        "svl_version": "5.0",
        "algorithm": {"name": "Breadth-first search", "family": "graph"},
        "initial_frame": first,
        "deltas": deltas,
        "x-result": order,
    }
