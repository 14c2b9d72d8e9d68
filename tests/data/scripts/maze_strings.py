from collections import deque
maze = ["S.#.", "..#E", "#...", "...#"]
R, C = len(maze), len(maze[0])
start = (0, 0)
q = deque([(start, 0)])
seen = {start}
while q:
    (r, c), d = q.popleft()
    if maze[r][c] == 'E':
        print(d)
        break
    for dr, dc in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        nr, nc = r + dr, c + dc
        if 0 <= nr < R and 0 <= nc < C and maze[nr][nc] != '#' and (nr, nc) not in seen:
            seen.add((nr, nc))
            q.append(((nr, nc), d + 1))
