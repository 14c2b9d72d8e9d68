"""Tarjan's strong components.

Low links tell where a component of a directed graph ends.
"""

graph = [[1], [2], [0, 3], [4], [5, 3], []]
n = len(graph)
ids, low, on, st, out = [-1] * n, [0] * n, [False] * n, [], []
t = 0


def dfs(u):
    global t
    ids[u] = low[u] = t
    t += 1
    st.append(u)
    on[u] = True
    for v in graph[u]:
        if ids[v] == -1:
            dfs(v)
            low[u] = min(low[u], low[v])
        elif on[v]:
            low[u] = min(low[u], ids[v])
    if ids[u] == low[u]:
        comp = []
        while True:
            w = st.pop()
            on[w] = False
            comp.append(w)
            if w == u:
                break
        out.append(comp)


for i in range(n):
    if ids[i] == -1:
        dfs(i)
print(out)
