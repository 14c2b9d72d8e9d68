def transpose(m):
    return [list(r) for r in zip(*m)]
m = [[1, 2, 3], [4, 5, 6]]
t = transpose(m)
total = [[0] * 2 for _ in range(2)]
for i in range(2):
    for j in range(2):
        for k in range(3):
            total[i][j] += m[i][k] * t[k][j]
