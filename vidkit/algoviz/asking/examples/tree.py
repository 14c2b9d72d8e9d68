def solve(data):
    return len(set(data["keys"]))


def trace(data):
    keys = data["keys"]
    children = {keys[0]: [None, None]}  # left, right
    first = {
        "data_state": {
            "type": "tree",
            "structure": {
                "root": str(keys[0]),
                "nodes": [{"id": str(keys[0]), "label": keys[0], "parent": None, "children": [None, None]}],
            },
        },
        "pseudocode": ["go left or right, by the key", "hang it where nothing is"],
        "styles": {
            "elementStyles": {"path": {"backgroundColor": "#ffe8a3"}, "plain": {"backgroundColor": "#ffffff"}}
        },
    }
    deltas = []
    for key in keys[1:]:
        at = keys[0]
        while True:
            ops = [{"op": "updateNodeStyle", "params": {"ids": [str(at)], "styleKey": "path"}}]
            deltas.append({"code_highlight": 1, "operations": [ops]})
            side = 0 if key < at else 1
            if key == at or children[at][side] is None:
                break
            at = children[at][side]
        ops = [{"op": "updateNodeStyle", "params": {"ids": [str(k) for k in children], "styleKey": "plain"}}]
        if key != at:
            children[at][side], children[key] = key, [None, None]
            node = {"id": str(key), "label": key, "children": [None, None]}
            ops.append({"op": "addChild", "params": {"parent_id": str(at), "node": node, "index": side}})
        deltas.append({"code_highlight": 2, "operations": [ops]})
    return {
        "svl_version": "5.0",
        "algorithm": {"name": "Search tree", "family": "tree"},
        "initial_frame": first,
        "deltas": deltas,
        "x-result": len(children),
    }
