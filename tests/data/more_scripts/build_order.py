from collections import defaultdict

deps = {
    "app": ["db", "cache", "log"],
    "db": ["log", "net"],
    "cache": ["net"],
    "net": ["log"],
    "log": [],
}

state = {}
order = []


def visit(n):
    if state.get(n) == "done":
        return
    if state.get(n) == "open":
        raise RuntimeError("cycle")
    state[n] = "open"
    for d in deps[n]:
        visit(d)
    state[n] = "done"
    order.append(n)


for n in deps:
    visit(n)
print(" -> ".join(order))
