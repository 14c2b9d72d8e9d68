"""Edit distance.

The fewest insertions, deletions and replacements between two words.
"""

word1, word2 = "horse", "ros"
m = len(word1)
n = len(word2)
dp = []
for _ in range(m + 1):
    dp.append([0] * (n + 1))
for i in range(m + 1):
    dp[i][0] = i
for j in range(n + 1):
    dp[0][j] = j
for i in range(1, m + 1):
    for j in range(1, n + 1):
        if word1[i - 1] == word2[j - 1]:
            dp[i][j] = dp[i - 1][j - 1]
        else:
            dp[i][j] = 1 + min(dp[i - 1][j], dp[i][j - 1], dp[i - 1][j - 1])
print(dp[m][n])
