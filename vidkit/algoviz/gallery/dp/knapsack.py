"""Knapsack.

The best value for each weight, with and without each item.
"""


def knapsack(W, wt, val):
    n = len(val)
    dp = [[0 for x in range(W + 1)] for x in range(n + 1)]
    for i in range(n + 1):
        for w in range(W + 1):
            if i == 0 or w == 0:
                dp[i][w] = 0
            elif wt[i - 1] <= w:
                dp[i][w] = max(val[i - 1] + dp[i - 1][w - wt[i - 1]], dp[i - 1][w])
            else:
                dp[i][w] = dp[i - 1][w]
    return dp[n][W]


values = [60, 100, 120]
weights = [1, 2, 3]
print(knapsack(5, weights, values))
