"""Prim's spanning tree.

The tree grows by the cheapest edge that leaves it.
"""

INF = 9999
G = [[0, 2, 0, 6], [2, 0, 3, 8], [0, 3, 0, 0], [6, 8, 0, 0]]
selected = [False] * 4
selected[0] = True
edges = 0
mst = []
while edges < 3:
    best = INF
    x = y = 0
    for i in range(4):
        if selected[i]:
            for j in range(4):
                if not selected[j] and G[i][j] and best > G[i][j]:
                    best = G[i][j]
                    x, y = i, j
    mst.append((x, y, G[x][y]))
    selected[y] = True
    edges += 1
print(mst)
