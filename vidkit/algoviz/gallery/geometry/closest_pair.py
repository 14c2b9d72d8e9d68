"""Closest pair of points.

Sorted by x, a point is compared with its near neighbours alone.
"""

points = sorted([(2, 3), (12, 30), (40, 50), (5, 1), (12, 10), (3, 4)])
best = float("inf")
pair = None
for i in range(len(points)):
    for j in range(i + 1, len(points)):
        dx = points[j][0] - points[i][0]
        dy = points[j][1] - points[i][1]
        if dx * dx >= best:
            break
        if dx * dx + dy * dy < best:
            best = dx * dx + dy * dy
            pair = (points[i], points[j])
print(pair, best)
