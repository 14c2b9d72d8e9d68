from collections import deque, defaultdict
deps = {"app": ["lib", "db"], "lib": ["core"], "db": ["core"], "core": []}
indeg = {k: len(v) for k, v in deps.items()}
rev = defaultdict(list)
for k, vs in deps.items():
    for v in vs:
        rev[v].append(k)
ready = deque(k for k, d in indeg.items() if d == 0)
order = []
while ready:
    cur = ready.popleft()
    order.append(cur)
    for nxt in rev[cur]:
        indeg[nxt] -= 1
        if indeg[nxt] == 0:
            ready.append(nxt)
print(order)
