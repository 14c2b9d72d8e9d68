"""Graphs: as neighbours by node, as edges."""

import heapq
from collections import deque

from vidkit.bench.algoviz.tasks.making import directed, graph, problem, weighted


@problem("Breadth-first search", lambda r: {"graph": graph(r, 7), "start": "A"})
def breadth_first(graph, start):
    """graph holds the neighbours of each node. Visit all nodes from start breadth first, neighbours in the given order.
    Give the nodes in the order in which they leave the queue."""
    seen, queue, order = {start}, deque([start]), []
    while queue:
        node = queue.popleft()
        order.append(node)
        for other in graph[node]:
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return order


@problem("Depth-first search", lambda r: {"graph": graph(r, 7), "start": "A"})
def depth_first(graph, start):
    """graph holds the neighbours of each node. Visit all nodes from start depth first and recursively, neighbours in the
    given order. Give the nodes in the order in which they are first visited."""
    order = []

    def visit(node):
        order.append(node)
        for other in graph[node]:
            if other not in order:
                visit(other)

    visit(start)
    return order


@problem("Distances in steps", lambda r: {"graph": graph(r, 7), "start": "A"})
def step_distances(graph, start):
    """graph holds the neighbours of each node. How many edges is each node away from start? Give an object of node and
    distance."""
    distance, queue = {start: 0}, deque([start])
    while queue:
        node = queue.popleft()
        for other in graph[node]:
            if other not in distance:
                distance[other] = distance[node] + 1
                queue.append(other)
    return distance


@problem("A shortest path", lambda r: {"graph": graph(r, 7), "start": "A", "goal": "G"})
def shortest_path(graph, start, goal):
    """graph holds the neighbours of each node. Give the nodes of a path with the fewest edges from start to goal: search
    breadth first with neighbours in the given order, each node's parent being the one that found it first."""
    parent, queue = {start: None}, deque([start])
    while queue:
        node = queue.popleft()
        for other in graph[node]:
            if other not in parent:
                parent[other] = node
                queue.append(other)
    path, node = [], goal
    while node is not None:
        path.insert(0, node)
        node = parent[node]
    return path


@problem("Connected components", lambda r: {"graph": graph(r, 8, 0, connected=False)})
def components(graph):
    """graph holds the neighbours of each node. Give the components as alphabetical lists, by their first nodes."""
    seen, result = set(), []
    for start in graph:
        if start in seen:
            continue
        seen.add(start)
        stack, component = [start], []
        while stack:
            node = stack.pop()
            component.append(node)
            for other in graph[node]:
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        result.append(sorted(component))
    return result


@problem("Two colours", lambda r: {"graph": graph(r, 6, r.choice([0, 0, 1]))})
def two_colours(graph):
    """graph holds the neighbours of each node and is connected. Colour A with 0 and breadth first all others so that
    neighbours differ. Give the object of colours, or null if it is not possible."""
    colour, queue = {"A": 0}, deque(["A"])
    while queue:
        node = queue.popleft()
        for other in graph[node]:
            if other not in colour:
                colour[other] = 1 - colour[node]
                queue.append(other)
            elif colour[other] == colour[node]:
                return None
    return colour


@problem(
    "Edges that close a circle",
    lambda r: {"nodes": 6, "edges": [[int(ord(a) - 65), int(ord(b) - 65)] for a, b, _ in weighted(r, 6, 3)]},
)
def closing_edges(nodes, edges):
    """Nodes are 0 to nodes - 1. Add the edges one by one with union-find, the root of the first node hung under that of
    the second. Give [edges that close a circle, final parents]."""
    parent, closing = list(range(nodes)), []

    def find(node):
        while parent[node] != node:
            node = parent[node]
        return node

    for a, b in edges:
        root_a, root_b = find(a), find(b)
        if root_a == root_b:
            closing.append([a, b])
        else:
            parent[root_a] = root_b
    return [closing, parent]


@problem("Order of courses", lambda r: {"graph": directed(r, 6, 7)})
def course_order(graph):
    """An edge from X to Y (Y in graph[X]) says that X comes before Y; there are no circles. Always take the
    alphabetically first node whose predecessors are all taken. Give the order."""
    missing = dict.fromkeys(graph, 0)
    for node in graph:
        for other in graph[node]:
            missing[other] += 1
    ready = [node for node in graph if missing[node] == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        node = heapq.heappop(ready)
        order.append(node)
        for other in graph[node]:
            missing[other] -= 1
            if missing[other] == 0:
                heapq.heappush(ready, other)
    return order


@problem("Is there a circle", lambda r: {"graph": directed(r, 6, 7, acyclic=False)})
def directed_circle(graph):
    """graph[X] has the successors of X. Search depth first, nodes and successors in alphabetical order, with three states
    (new, on the path, done). Give the first edge found that leads back to the path as [from, to], null without one."""
    state = dict.fromkeys(graph, 0)

    def visit(node):
        state[node] = 1
        for other in graph[node]:
            if state[other] == 1:
                return [node, other]
            if state[other] == 0:
                found = visit(other)
                if found:
                    return found
        state[node] = 2
        return None

    for node in graph:
        if state[node] == 0:
            found = visit(node)
            if found:
                return found
    return None


@problem("Dijkstra's distances", lambda r: {"edges": weighted(r, 6), "start": "A"})
def dijkstra(edges, start):
    """Edges [a, b, length] go both ways. Give the object of node and length of the shortest way from start."""
    near = {}
    for a, b, length in edges:
        near.setdefault(a, []).append((b, length))
        near.setdefault(b, []).append((a, length))
    distance, heap = {}, [(0, start)]
    while heap:
        total, node = heapq.heappop(heap)
        if node in distance:
            continue
        distance[node] = total
        for other, length in near[node]:
            if other not in distance:
                heapq.heappush(heap, (total + length, other))
    return distance


@problem(
    "Bellman and Ford",
    lambda r: {
        "nodes": list("ABCDE"),
        "edges": [
            ["A", "B", 6],
            ["A", "C", r.randint(2, 7)],
            ["B", "D", -2],
            ["C", "B", r.randint(-3, 2)],
            ["D", "E", 3],
            ["C", "E", r.randint(4, 9)],
        ],
        "start": "A",
    },
)
def bellman_ford(nodes, edges, start):
    """Edges [from, to, length] have a direction, lengths may be negative. Relax all edges in the given order until a round
    changes nothing. Give [object of distances, number of rounds with that last one]."""
    distance = {node: None for node in nodes}
    distance[start] = 0
    rounds, changed = 0, True
    while changed:
        changed = False
        rounds += 1
        for a, b, length in edges:
            if distance[a] is not None and (distance[b] is None or distance[a] + length < distance[b]):
                distance[b] = distance[a] + length
                changed = True
    return [distance, rounds]


@problem(
    "All distances",
    lambda r: {"length": [[0 if i == j else r.choice([1, 2, 4, 7, 99]) for j in range(4)] for i in range(4)]},
)
def all_distances(length):
    """length[i][j] is the length of the edge from i to j, 99 means that there is none. Give the table of all shortest
    distances after Floyd and Warshall (99 and more is cut to 99)."""
    n = len(length)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if length[i][k] + length[k][j] < length[i][j]:
                    length[i][j] = length[i][k] + length[k][j]
    return [[min(99, value) for value in row] for row in length]


@problem("Kruskal's tree", lambda r: {"edges": weighted(r, 6)})
def kruskal(edges):
    """Edges [a, b, weight] have different weights. Give the edges of the smallest spanning tree in the order in which
    Kruskal's algorithm takes them."""
    parent, tree = {}, []
    for a, b, _ in edges:
        parent[a], parent[b] = a, b

    def find(node):
        while parent[node] != node:
            node = parent[node]
        return node

    for a, b, weight in sorted(edges, key=lambda edge: edge[2]):
        if find(a) != find(b):
            parent[find(a)] = find(b)
            tree.append([a, b, weight])
    return tree


@problem("Prim's tree", lambda r: {"edges": weighted(r, 6), "start": "A"})
def prim(edges, start):
    """Edges [a, b, weight] have different weights. Grow the smallest spanning tree from start. Give the nodes in the order
    in which they are reached, and the total weight, as [nodes, total]."""
    near = {}
    for a, b, weight in edges:
        near.setdefault(a, []).append((weight, b))
        near.setdefault(b, []).append((weight, a))
    reached, total, heap = [], 0, [(0, start)]
    while heap:
        weight, node = heapq.heappop(heap)
        if node in reached:
            continue
        reached.append(node)
        total += weight
        for edge in near[node]:
            heapq.heappush(heap, edge)
    return [reached, total]
