"""Convex hull (monotone chain).

Points that turn the wrong way are taken off the chain.
"""


def cross(o, a, b):
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def chain(points):
    hull = []
    for p in points:
        while len(hull) >= 2 and cross(hull[-2], hull[-1], p) <= 0:
            hull.pop()
        hull.append(p)
    return hull[:-1]


points = sorted([(0, 0), (1, 1), (2, 2), (0, 2), (2, 0), (1, 3)])
print(chain(points) + chain(points[::-1]))
