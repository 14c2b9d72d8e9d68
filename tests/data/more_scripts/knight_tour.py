N = 5
board = [[-1] * N for _ in range(N)]
moves = [(2, 1), (1, 2), (-1, 2), (-2, 1), (-2, -1), (-1, -2), (1, -2), (2, -1)]
x = y = 0
board[0][0] = 0
for step in range(1, N * N):
    best = None
    for dx, dy in moves:
        nx, ny = x + dx, y + dy
        if 0 <= nx < N and 0 <= ny < N and board[nx][ny] == -1:
            cnt = sum(1 for a, b in moves if 0 <= nx + a < N and 0 <= ny + b < N and board[nx + a][ny + b] == -1)
            if best is None or cnt < best[0]:
                best = (cnt, nx, ny)
    if best is None: break
    _, x, y = best
    board[x][y] = step
