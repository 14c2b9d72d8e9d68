"""Kruskal's spanning tree.

The cheapest edge that joins two parts is taken.
"""

edges = [
    (7, "A", "D"),
    (5, "A", "B"),
    (8, "B", "C"),
    (9, "B", "D"),
    (5, "C", "E"),
    (15, "D", "E"),
    (6, "D", "F"),
]
parent = {}


def find(v):
    while parent[v] != v:
        v = parent[v]
    return v


for _, u, v in edges:
    parent[u] = u
    parent[v] = v

mst = []
for w, u, v in sorted(edges):
    ru = find(u)
    rv = find(v)
    if ru != rv:
        parent[ru] = rv
        mst.append((u, v, w))

print(mst, sum(w for _, _, w in mst))
