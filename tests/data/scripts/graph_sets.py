graph = {'a': {'b', 'c'}, 'b': {'d'}, 'c': {'d'}, 'd': set()}
def dfs_paths(graph, start, goal, path=None):
    if path is None:
        path = [start]
    if start == goal:
        yield list(path)
        return
    for nxt in sorted(graph[start] - set(path)):
        path.append(nxt)
        yield from dfs_paths(graph, nxt, goal, path)
        path.pop()
print(list(dfs_paths(graph, 'a', 'd')))
