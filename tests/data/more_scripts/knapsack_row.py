weights = [1, 3, 4, 5]
values = [1, 4, 5, 7]
W = 7
dp = [0] * (W + 1)
for i in range(len(weights)):
    for w in range(W, weights[i] - 1, -1):
        dp[w] = max(dp[w], dp[w - weights[i]] + values[i])
print(dp[W])
