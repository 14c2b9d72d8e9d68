"""Small sudoku.

Each empty cell tries the digits that are allowed.
"""

board = [[1, 0, 3, 4], [3, 4, 0, 2], [2, 1, 4, 0], [0, 3, 2, 1]]


def ok(b, r, c, v):
    if v in b[r]:
        return False
    if any(b[i][c] == v for i in range(4)):
        return False
    br, bc = r // 2 * 2, c // 2 * 2
    return all(b[i][j] != v for i in range(br, br + 2) for j in range(bc, bc + 2))


def solve(b):
    for r in range(4):
        for c in range(4):
            if b[r][c] == 0:
                for v in range(1, 5):
                    if ok(b, r, c, v):
                        b[r][c] = v
                        if solve(b):
                            return True
                        b[r][c] = 0
                return False
    return True


solve(board)
print(board)
