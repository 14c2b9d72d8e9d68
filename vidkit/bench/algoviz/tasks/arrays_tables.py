"""Arrays of arrays: matrices and grids."""

from vidkit.bench.algoviz.tasks.making import ints, matrix, problem


@problem("Transposing", lambda r: {"table": matrix(r, 3, 4)})
def transpose(table):
    """Give the table with rows and columns exchanged."""
    result = [[0] * len(table) for _ in table[0]]
    for row in range(len(table)):
        for col in range(len(table[0])):
            result[col][row] = table[row][col]
    return result


@problem("Turning a picture", lambda r: {"table": matrix(r, 3, 3)})
def rotate_picture(table):
    """Turn the square table by 90 degrees clockwise in place: exchange rows and columns, then reverse every row."""
    n = len(table)
    for row in range(n):
        for col in range(row + 1, n):
            table[row][col], table[col][row] = table[col][row], table[row][col]
    for row in range(n):
        left, right = 0, n - 1
        while left < right:
            table[row][left], table[row][right] = table[row][right], table[row][left]
            left += 1
            right -= 1
    return table


@problem("In a spiral", lambda r: {"table": matrix(r, 3, 4)})
def spiral(table):
    """Give the numbers of the table clockwise in a spiral from the upper left corner inwards."""
    top, bottom, left, right = 0, len(table) - 1, 0, len(table[0]) - 1
    result = []
    while top <= bottom and left <= right:
        for col in range(left, right + 1):
            result.append(table[top][col])
        for row in range(top + 1, bottom + 1):
            result.append(table[row][right])
        if top < bottom and left < right:
            for col in range(right - 1, left - 1, -1):
                result.append(table[bottom][col])
            for row in range(bottom - 1, top, -1):
                result.append(table[row][left])
        top, bottom, left, right = top + 1, bottom - 1, left + 1, right - 1
    return result


@problem("Crossing out", lambda r: {"table": matrix(r, 4, 4, 0, 5)})
def cross_out(table):
    """Wherever the table holds 0 at the start, its whole row and column become 0. Give the table."""
    rows, cols = set(), set()
    for row in range(len(table)):
        for col in range(len(table[0])):
            if table[row][col] == 0:
                rows.add(row)
                cols.add(col)
    for row in range(len(table)):
        for col in range(len(table[0])):
            if row in rows or col in cols:
                table[row][col] = 0
    return table


@problem("One generation of life", lambda r: {"cells": matrix(r, 4, 4, 0, 1)})
def life(cells):
    """Conway's rules on a grid of 0 and 1 without wrapping round: a living cell with two or three of its eight neighbours
    alive stays, a dead one with exactly three is born. Give the next generation."""
    rows, cols = len(cells), len(cells[0])
    following = [[0] * cols for _ in range(rows)]
    for row in range(rows):
        for col in range(cols):
            alive = 0
            for i in range(max(0, row - 1), min(rows, row + 2)):
                for j in range(max(0, col - 1), min(cols, col + 2)):
                    if (i, j) != (row, col):
                        alive += cells[i][j]
            if alive == 3 or (alive == 2 and cells[row][col] == 1):
                following[row][col] = 1
    return following


@problem("Along the diagonals", lambda r: {"table": matrix(r, 3, 4)})
def diagonals(table):
    """Give the numbers diagonal by diagonal: those with row + col = 0, then 1 and so on, each from its upper right to
    its lower left end."""
    rows, cols = len(table), len(table[0])
    result = []
    for total in range(rows + cols - 1):
        for row in range(rows):
            col = total - row
            if 0 <= col < cols:
                result.append(table[row][col])
    return result


@problem("Row with most ones", lambda r: {"table": [sorted(ints(r, 5, 0, 1)) for _ in range(4)]})
def most_ones(table):
    """Each row is zeros, then ones. Walk from the upper right corner, left at a one, down at a zero. Give the first row
    with the most ones, -1 if there is no one."""
    row, col, best = 0, len(table[0]) - 1, -1
    while row < len(table) and col >= 0:
        if table[row][col] == 1:
            best = row
            col -= 1
        else:
            row += 1
    return best


@problem(
    "Sums of rectangles",
    lambda r: {"table": matrix(r, 4, 4), "corners": [[1, 1, 3, 2], [0, 2, 2, 3], [0, 0, 1, 3]]},
)
def rectangle_sums(table, corners):
    """Answer each [top, left, bottom, right], all included, with the sum of that rectangle, from one table of prefix sums
    with an extra row and column of zeros."""
    rows, cols = len(table), len(table[0])
    prefix = [[0] * (cols + 1) for _ in range(rows + 1)]
    for row in range(rows):
        for col in range(cols):
            around = prefix[row][col + 1] + prefix[row + 1][col] - prefix[row][col]
            prefix[row + 1][col + 1] = table[row][col] + around
    result = []
    for top, left, bottom, right in corners:
        inside = prefix[bottom + 1][right + 1] - prefix[top][right + 1]
        result.append(inside - prefix[bottom + 1][left] + prefix[top][left])
    return result


@problem("Multiplying matrices", lambda r: {"a": matrix(r, 2, 3, 0, 5), "b": matrix(r, 3, 2, 0, 5)})
def multiply(a, b):
    """Give the matrix product of a and b."""
    result = [[0] * len(b[0]) for _ in a]
    for row in range(len(a)):
        for col in range(len(b[0])):
            for k in range(len(b)):
                result[row][col] += a[row][k] * b[k][col]
    return result


@problem("Saddle points", lambda r: {"table": matrix(r, 4, 4, 1, 9)})
def saddle_points(table):
    """List the cells [row, col] whose number is a smallest one of its row and a largest one of its column, row by row."""
    found = []
    for row in range(len(table)):
        for col in range(len(table[0])):
            number = table[row][col]
            if number == min(table[row]) and number == max(line[col] for line in table):
                found.append([row, col])
    return found
