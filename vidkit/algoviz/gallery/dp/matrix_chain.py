"""Matrix chain.

Where to put the brackets for the fewest multiplications.
"""

import sys

p = [1, 2, 3, 4, 3]
n = len(p)
m = [[0] * n for _ in range(n)]
for L in range(2, n):
    for i in range(1, n - L + 1):
        j = i + L - 1
        m[i][j] = sys.maxsize
        for k in range(i, j):
            q = m[i][k] + m[k + 1][j] + p[i - 1] * p[k] * p[j]
            if q < m[i][j]:
                m[i][j] = q
print(m[1][n - 1])
