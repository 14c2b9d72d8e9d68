"""Connected components.

A stack collects what can be reached from each new vertex.
"""

from collections import defaultdict


def build(edges):
    g = defaultdict(list)
    for u, v in edges:
        g[u].append(v)
        g[v].append(u)
    return g


def components(n, edges):
    g = build(edges)
    seen = set()
    count = 0
    for s in range(n):
        if s in seen:
            continue
        count += 1
        stack = [s]
        while stack:
            u = stack.pop()
            if u in seen:
                continue
            seen.add(u)
            stack.extend(g[u])
    return count


print(components(6, [[0, 1], [1, 2], [3, 4]]))
