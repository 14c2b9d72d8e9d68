"""Bellman-Ford shortest paths.

All edges are relaxed again and again; weights may be negative.
"""

edges = [(0, 1, 4), (0, 2, 5), (1, 3, 7), (2, 1, -3), (3, 2, 1)]
n = 4
dist = [float("inf")] * n
dist[0] = 0
for _ in range(n - 1):
    for u, v, w in edges:
        if dist[u] + w < dist[v]:
            dist[v] = dist[u] + w
print(dist)
