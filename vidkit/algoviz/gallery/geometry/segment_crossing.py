"""Crossing segments.

Two segments cross where each has the other's ends on both sides.
"""


def side(a, b, p):
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def cross(s, t):
    return side(*s, t[0]) * side(*s, t[1]) < 0 and side(*t, s[0]) * side(*t, s[1]) < 0


segments = [((0, 0), (4, 4)), ((0, 4), (4, 0)), ((5, 0), (5, 3)), ((3, 1), (6, 1))]
crossing = []
for i in range(len(segments)):
    for j in range(i + 1, len(segments)):
        if cross(segments[i], segments[j]):
            crossing.append((i, j))
print(crossing)
