def solve(data):
    numbers = list(data["numbers"])
    for end in range(len(numbers) - 1, 0, -1):
        for i in range(end):
            if numbers[i] > numbers[i + 1]:
                numbers[i], numbers[i + 1] = numbers[i + 1], numbers[i]
    return numbers


def trace(data):
    a = list(data["numbers"])
    deltas = []

    def step(line, *ops):
        deltas.append({"code_highlight": line, "operations": [[{"op": n, "params": p} for n, p in ops]]})

    first = {
        "data_state": {"type": "array", "structure": [{"index": i, "value": v} for i, v in enumerate(a)]},
        "auxiliary_views": [],
        "pseudocode": ["for end from last down", "  for i before end", "    if a[i] > a[i+1]: swap"],
        "code_highlight": 1,
        "styles": {
            "elementStyles": {"plain": {"backgroundColor": "#ffffff"}, "done": {"backgroundColor": "#90ee90"}}
        },
    }
    for end in range(len(a) - 1, 0, -1):
        for i in range(end):
            step(
                2, ("x-pointer", {"label": "i", "index": i}), ("x-setVariable", {"name": "end", "value": end})
            )
            if a[i] > a[i + 1]:
                a[i], a[i + 1] = a[i + 1], a[i]
                updates = [{"index": i, "value": a[i]}, {"index": i + 1, "value": a[i + 1]}]
                step(
                    3, ("updateValues", {"updates": updates}), ("showComment", {"text": f"{a[i]} goes left"})
                )
        step(1, ("updateStyle", {"indices": [end], "styleKey": "done"}))
    return {
        "svl_version": "5.0",
        "algorithm": {"name": "Bubble sort", "family": "sorting"},
        "initial_frame": first,
        "deltas": deltas,
        "x-result": a,
    }
