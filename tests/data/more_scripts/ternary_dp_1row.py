n, W = 4, 10
w, v = [5, 4, 6, 3], [10, 40, 30, 50]
best = [0] * (W + 1)
for i in range(n):
    for c in range(W, w[i] - 1, -1):
        best[c] = max(best[c], best[c - w[i]] + v[i])
print(best)
