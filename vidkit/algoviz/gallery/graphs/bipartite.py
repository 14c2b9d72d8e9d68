"""Two-colouring.

Neighbours get the other colour, or the graph is not bipartite.
"""

graph = {0: [1, 3], 1: [0, 2], 2: [1, 3], 3: [0, 2]}
color = {}
ok = True
for s in graph:
    if s in color:
        continue
    color[s] = 0
    todo = [s]
    while todo:
        u = todo.pop()
        for v in graph[u]:
            if v not in color:
                color[v] = 1 - color[u]
                todo.append(v)
            elif color[v] == color[u]:
                ok = False
print(ok)
