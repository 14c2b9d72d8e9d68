"""Segment tree.

Sums of ranges from a tree that is kept in a list.
"""

arr = [1, 3, 5, 7, 9, 11]
n = len(arr)
tree = [0] * (2 * n)
for i in range(n):
    tree[n + i] = arr[i]
for i in range(n - 1, 0, -1):
    tree[i] = tree[2 * i] + tree[2 * i + 1]


def query(left, right):
    res = 0
    left += n
    right += n
    while left < right:
        if left & 1:
            res += tree[left]
            left += 1
        if right & 1:
            right -= 1
            res += tree[right]
        left >>= 1
        right >>= 1
    return res


print(query(1, 4))
