"""A* search.

The cells that look nearest to the goal are tried first.
"""

import heapq

grid = [[0, 0, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0], [0, 1, 1, 0]]
start, goal = (0, 0), (3, 3)


def h(p):
    return abs(p[0] - goal[0]) + abs(p[1] - goal[1])


open_set = [(h(start), 0, start)]
came_from = {}
g_score = {start: 0}
while open_set:
    _, g, cur = heapq.heappop(open_set)
    if cur == goal:
        break
    for d in [(0, 1), (1, 0), (0, -1), (-1, 0)]:
        nb = (cur[0] + d[0], cur[1] + d[1])
        if not (0 <= nb[0] < 4 and 0 <= nb[1] < 4) or grid[nb[0]][nb[1]]:
            continue
        if nb not in g_score or g + 1 < g_score[nb]:
            g_score[nb] = g + 1
            came_from[nb] = cur
            heapq.heappush(open_set, (g + 1 + h(nb), g + 1, nb))
path = [goal]
while path[-1] != start:
    path.append(came_from[path[-1]])
print(path[::-1])
