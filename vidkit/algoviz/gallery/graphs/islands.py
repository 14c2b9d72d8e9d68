"""Count islands.

Each island is flooded when it is first seen.
"""

grid = [
    ["1", "1", "0", "0"],
    ["1", "0", "0", "1"],
    ["0", "0", "1", "1"],
]
rows, cols = len(grid), len(grid[0])
count = 0


def dfs(r, c):
    if r < 0 or c < 0 or r >= rows or c >= cols or grid[r][c] != "1":
        return
    grid[r][c] = "#"
    dfs(r + 1, c)
    dfs(r - 1, c)
    dfs(r, c + 1)
    dfs(r, c - 1)


for r in range(rows):
    for c in range(cols):
        if grid[r][c] == "1":
            count += 1
            dfs(r, c)
print("islands:", count)
