"""Topological sort.

Courses without open prerequisites are taken first.
"""

from collections import deque


def topo_sort(num_courses, prerequisites):
    adj = [[] for _ in range(num_courses)]
    indegree = [0] * num_courses
    for a, b in prerequisites:
        adj[b].append(a)
        indegree[a] += 1
    q = deque([i for i in range(num_courses) if indegree[i] == 0])
    order = []
    while q:
        u = q.popleft()
        order.append(u)
        for v in adj[u]:
            indegree[v] -= 1
            if indegree[v] == 0:
                q.append(v)
    return order if len(order) == num_courses else []


print(topo_sort(6, [[1, 0], [2, 0], [3, 1], [3, 2], [4, 3], [5, 3]]))
