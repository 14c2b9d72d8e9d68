"""Rabin-Karp search.

A rolling hash finds where comparing is worth it.
"""

text, pat = "abracadabra", "cad"
base, mod = 256, 101
m, n = len(pat), len(text)
hp = ht = 0
hmul = pow(base, m - 1, mod)
for i in range(m):
    hp = (base * hp + ord(pat[i])) % mod
    ht = (base * ht + ord(text[i])) % mod
for i in range(n - m + 1):
    if hp == ht and text[i : i + m] == pat:
        print("found", i)
    if i < n - m:
        ht = (base * (ht - ord(text[i]) * hmul) + ord(text[i + m])) % mod
