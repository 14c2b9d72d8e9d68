"""Graphs: grids, components, bridges, flow, words."""

from collections import deque

from vidkit.bench.algoviz.tasks.making import directed, graph, matrix, problem


@problem("Islands", lambda r: {"grid": [[int(r.random() < 0.5) for _ in range(5)] for _ in range(4)]})
def islands(grid):
    """Ones that touch by a side are an island. Give the sizes of all islands in the order in which a scan row by row meets
    them."""
    sizes = []
    for row in range(len(grid)):
        for col in range(len(grid[0])):
            if grid[row][col] != 1:
                continue
            grid[row][col] = 2
            stack, size = [(row, col)], 0
            while stack:
                i, j = stack.pop()
                size += 1
                for y, x in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
                    if 0 <= y < len(grid) and 0 <= x < len(grid[0]) and grid[y][x] == 1:
                        grid[y][x] = 2
                        stack.append((y, x))
            sizes.append(size)
    return sizes


@problem("Filling a region", lambda r: {"grid": matrix(r, 4, 4, 1, 2), "row": 1, "col": 1, "colour": 7})
def flood_fill(grid, row, col, colour):
    """Give the cell and all cells of its number that are connected to it by sides the new colour. Give the grid."""
    old, queue = grid[row][col], deque([(row, col)])
    grid[row][col] = colour
    while queue:
        i, j = queue.popleft()
        for y, x in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            if 0 <= y < len(grid) and 0 <= x < len(grid[0]) and grid[y][x] == old:
                grid[y][x] = colour
                queue.append((y, x))
    return grid


@problem(
    "Out of a maze",
    lambda r: {"grid": [[0, 0, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0], [0, r.randint(0, 1), 1, 0]]},
)
def maze(grid):
    """How many steps does it take from the upper left to the lower right cell, over zeros, up, down, left and right? -1
    if there is no way."""
    steps = [[-1] * len(grid[0]) for _ in grid]
    steps[0][0] = 0
    queue = deque([(0, 0)])
    while queue:
        i, j = queue.popleft()
        for y, x in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            if 0 <= y < len(grid) and 0 <= x < len(grid[0]) and grid[y][x] == 0 and steps[y][x] < 0:
                steps[y][x] = steps[i][j] + 1
                queue.append((y, x))
    return steps[-1][-1]


@problem(
    "Fire in a forest",
    lambda r: {"grid": [[r.choice([0, 1, 1]) for _ in range(4)] for _ in range(3)] + [[1, 2, 1, 1]]},
)
def fire(grid):
    """0 is a clearing, 1 a tree, 2 a burning tree. In each minute fire spreads to neighbouring trees (by a side). Give
    [minutes until nothing more catches fire, trees that are left]."""
    queue, minutes = deque(), 0
    for row in range(len(grid)):
        for col in range(len(grid[0])):
            if grid[row][col] == 2:
                queue.append((row, col, 0))
    while queue:
        i, j, minutes = queue.popleft()
        for y, x in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            if 0 <= y < len(grid) and 0 <= x < len(grid[0]) and grid[y][x] == 1:
                grid[y][x] = 2
                queue.append((y, x, minutes + 1))
    return [minutes, sum(row.count(1) for row in grid)]


@problem("Strong components", lambda r: {"graph": directed(r, 6, 8, acyclic=False)})
def strong_components(graph):
    """graph[X] has the successors of X. Nodes are in one component if each reaches the other. Give the components as
    alphabetical lists, by their first nodes (Kosaraju: order by finishing time, then search backwards)."""
    finished, seen = [], set()

    def visit(node):
        seen.add(node)
        for other in graph[node]:
            if other not in seen:
                visit(other)
        finished.append(node)

    for node in graph:
        if node not in seen:
            visit(node)
    backwards = {node: [] for node in graph}
    for node in graph:
        for other in graph[node]:
            backwards[other].append(node)
    taken, result = set(), []
    for root in reversed(finished):
        if root in taken:
            continue
        taken.add(root)
        stack, component = [root], []
        while stack:
            node = stack.pop()
            component.append(node)
            for other in backwards[node]:
                if other not in taken:
                    taken.add(other)
                    stack.append(other)
        result.append(sorted(component))
    return sorted(result)


@problem("Bridges", lambda r: {"graph": graph(r, 7, 1)})
def bridges(graph):
    """graph holds the neighbours of each node. A bridge is an edge whose removal disconnects its ends. Give all bridges as
    alphabetical pairs in alphabetical order (depth-first numbers and the lowest number that each subtree reaches)."""
    number, low, found = {}, {}, []

    def visit(node, parent):
        number[node] = low[node] = len(number)
        for other in graph[node]:
            if other == parent:
                continue
            if other in number:
                low[node] = min(low[node], number[other])
            else:
                visit(other, node)
                low[node] = min(low[node], low[other])
                if low[other] > number[node]:
                    found.append(sorted([node, other]))

    for node in graph:
        if node not in number:
            visit(node, None)
    return sorted(found)


@problem(
    "Largest flow",
    lambda r: {
        "capacity": [
            [0, r.randint(3, 9), r.randint(3, 9), 0],
            [0, 0, 2, r.randint(2, 8)],
            [0, 0, 0, r.randint(2, 8)],
            [0, 0, 0, 0],
        ]
    },
)
def largest_flow(capacity):
    """capacity[i][j] is that of the pipe from i to j. How much flows at most from node 0 to the last node? Enlarge along
    shortest paths of the residual graph."""
    n, total = len(capacity), 0
    while True:
        parent, queue = {0: 0}, deque([0])
        while queue and n - 1 not in parent:
            node = queue.popleft()
            for other in range(n):
                if other not in parent and capacity[node][other] > 0:
                    parent[other] = node
                    queue.append(other)
        if n - 1 not in parent:
            return total
        amount, node = 99, n - 1
        while node != 0:
            amount = min(amount, capacity[parent[node]][node])
            node = parent[node]
        node = n - 1
        while node != 0:
            capacity[parent[node]][node] -= amount
            capacity[node][parent[node]] += amount
            node = parent[node]
        total += amount


@problem(
    "From word to word",
    lambda r: {
        "words": ["cat", "cot", "dot", "dog", "cog", "dag", r.choice(["cag", "hot"])],
        "start": "cat",
        "goal": "dog",
    },
)
def word_ladder(words, start, goal):
    """Change one letter at a time so that each word is in the list. How many words has the shortest chain from start to
    goal, both included? 0 if there is none."""
    length, queue = {start: 1}, deque([start])
    while queue:
        word = queue.popleft()
        if word == goal:
            return length[word]
        for other in words:
            if other not in length and sum(a != b for a, b in zip(word, other, strict=True)) == 1:
                length[other] = length[word] + 1
                queue.append(other)
    return 0
