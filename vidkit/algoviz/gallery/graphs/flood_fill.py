"""Flood fill.

A colour spreads to equal neighbours.
"""

image = [[1, 1, 1], [1, 1, 0], [1, 0, 1]]


def fill(img, r, c, old, new):
    if not (0 <= r < len(img) and 0 <= c < len(img[0])) or img[r][c] != old:
        return
    img[r][c] = new
    for dr, dc in [(1, 0), (-1, 0), (0, 1), (0, -1)]:
        fill(img, r + dr, c + dc, old, new)


fill(image, 1, 1, 1, 2)

for row in image:
    print(row)
