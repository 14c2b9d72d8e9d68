from collections import deque
matrix = [[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]]
visited = [False] * 4
q = deque([0]); visited[0] = True
while q:
    u = q.popleft()
    for v in range(4):
        if matrix[u][v] and not visited[v]:
            visited[v] = True
            q.append(v)
