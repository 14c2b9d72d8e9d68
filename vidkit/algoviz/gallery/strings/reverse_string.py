"""Reverse a string.

Two pointers swap from both ends.
"""

s = list("hello world")
i, j = 0, len(s) - 1
while i < j:
    s[i], s[j] = s[j], s[i]
    i += 1
    j -= 1
print("".join(s))
