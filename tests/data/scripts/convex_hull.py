pts = [(0, 0), (1, 1), (2, 2), (0, 2), (2, 0), (1, 3)]
pts.sort()
def cross(o, a, b):
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])
lower = []
for p in pts:
    while len(lower) >= 2 and cross(lower[-2], lower[-1], p) <= 0:
        lower.pop()
    lower.append(p)
print(lower)
