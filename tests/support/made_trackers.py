"""Trackers as a model writes them: a good one, and ones that fail in a given way after three steps."""

PROBLEM = "Sort the numbers in ascending order"
DATA, ANSWER = {"numbers": [5, 2, 8, 1]}, [1, 2, 5, 8]

GOOD = """import json


def solve(data):
    return sorted(data["numbers"])


def trace(data):
    a = list(data["numbers"])
    deltas = []
    elements = [{"index": i, "value": v} for i, v in enumerate(a)]
    first = {"data_state": {"type": "array", "structure": elements},
             "pseudocode": ["compare neighbours", "swap them"]}
    made = {"svl_version": "5.0", "algorithm": {"name": "Sort", "family": "sorting"},
            "initial_frame": first, "deltas": deltas}
    for end in range(len(a) - 1, 0, -1):
        for i in range(end):
            if a[i] > a[i + 1]:
                a[i], a[i + 1] = a[i + 1], a[i]
                updates = [{"index": i, "value": a[i]}, {"index": i + 1, "value": a[i + 1]}]
                op = {"op": "updateValues", "params": {"updates": updates}}
                deltas.append({"code_highlight": 2, "operations": [[op]]})
            if len(deltas) == 3:
                pass  # here
    made["x-result"] = a
    return made
"""


def failing(line: str) -> str:
    """The good tracker with another line where it has told three steps."""
    return GOOD.replace("pass  # here", line)


BAD = {
    "syntax error": failing("pass"[:3] + " s ("),
    "infinite loop": failing("while True: pass"),
    "wrong answer": GOOD.replace('made["x-result"] = a', 'made["x-result"] = a[::-1]').replace(
        'sorted(data["numbers"])', 'sorted(data["numbers"])[::-1]'
    ),
    "10 GB": failing("x = bytearray(10 * 2**30)"),
    "network": failing('__import__("socket").create_connection(("192.0.2.1", 80))'),
    "malformed trace": failing('deltas.append({"operations": "none"})'),
    "cut off": GOOD.replace("return made", 'open("trace.json", "w").write(json.dumps(made)[:-70])'),
    "bad step": failing("updates[0]['index'] = 99"),
}


def reply(source: str) -> str:
    """A model's reply with this program."""
    return f"Here is the tracker.\n\n```python\n{source}```\nIt sorts."
