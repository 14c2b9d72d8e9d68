"""Game of life.

Three generations of a glider; a cell's neighbours decide about it.
"""

board = [[0, 1, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0]]


def step(b):
    R, C = len(b), len(b[0])
    new = [[0] * C for _ in range(R)]
    for i in range(R):
        for j in range(C):
            s = (
                sum(
                    b[x][y]
                    for x in range(max(0, i - 1), min(R, i + 2))
                    for y in range(max(0, j - 1), min(C, j + 2))
                )
                - b[i][j]
            )
            new[i][j] = 1 if s == 3 or (b[i][j] and s == 2) else 0
    return new


for _ in range(3):
    board = step(board)

for row in board:
    print(row)
