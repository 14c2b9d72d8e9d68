"""Point in a polygon.

A ray from a point inside crosses the outline an odd number of times.
"""


def inside(point, polygon):
    x, y = point
    crossings = 0
    for i in range(len(polygon)):
        x1, y1 = polygon[i]
        x2, y2 = polygon[(i + 1) % len(polygon)]
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            crossings += 1
    return crossings % 2 == 1


polygon = [(0, 0), (6, 0), (6, 6), (3, 2), (0, 6)]
points = [(1, 1), (3, 4), (5, 3), (7, 1)]
results = []
for p in points:
    results.append(inside(p, polygon))
print(results)
