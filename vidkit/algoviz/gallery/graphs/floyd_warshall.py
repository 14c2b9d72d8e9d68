"""Floyd-Warshall shortest paths.

Paths between all pairs, through one more vertex at a time.
"""

INF = float("inf")


def floyd_warshall(graph):
    V = len(graph)
    dist = [row[:] for row in graph]
    for k in range(V):
        for i in range(V):
            for j in range(V):
                dist[i][j] = min(dist[i][j], dist[i][k] + dist[k][j])
    return dist


weights = [
    [0, 5, INF, 10],
    [INF, 0, 3, INF],
    [INF, INF, 0, 1],
    [INF, INF, INF, 0],
]
for line in floyd_warshall(weights):
    print(line)
