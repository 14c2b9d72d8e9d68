"""Dijkstra's shortest paths.

A heap gives the nearest vertex that is not settled.
"""

import heapq


def dijkstra(graph, source):
    dist = {node: float("inf") for node in graph}
    dist[source] = 0
    pq = [(0, source)]
    while pq:
        d, u = heapq.heappop(pq)
        if d > dist[u]:
            continue
        for v, w in graph[u].items():
            nd = d + w
            if nd < dist[v]:
                dist[v] = nd
                heapq.heappush(pq, (nd, v))
    return dist


graph = {
    "A": {"B": 4, "C": 1},
    "B": {"D": 1},
    "C": {"B": 2, "D": 5},
    "D": {},
}
print(dijkstra(graph, "A"))
