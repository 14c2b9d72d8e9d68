"""Z function.

How much of the beginning repeats at each letter.
"""

s = "aabxaabxcaabxaabxay"
n = len(s)
z = [0] * n
left = right = 0
for i in range(1, n):
    if i < right:
        z[i] = min(right - i, z[i - left])
    while i + z[i] < n and s[z[i]] == s[i + z[i]]:
        z[i] += 1
    if i + z[i] > right:
        left, right = i, i + z[i]

print(z)
