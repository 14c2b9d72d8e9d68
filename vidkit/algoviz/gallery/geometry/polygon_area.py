"""Area of a polygon (shoelace).

Twice the area is a sum over the edges.
"""

polygon = [(0, 0), (4, 0), (4, 3), (2, 5), (0, 3)]
doubled = 0
for i in range(len(polygon)):
    x1, y1 = polygon[i]
    x2, y2 = polygon[(i + 1) % len(polygon)]
    doubled += x1 * y2 - x2 * y1
print(abs(doubled) / 2)
