arr = [1, 3, 5, 7, 9, 11]
n = len(arr)
tree = [0] * (2 * n)
for i in range(n):
    tree[n + i] = arr[i]
for i in range(n - 1, 0, -1):
    tree[i] = tree[2 * i] + tree[2 * i + 1]
def query(l, r):
    res = 0
    l += n
    r += n
    while l < r:
        if l & 1:
            res += tree[l]
            l += 1
        if r & 1:
            r -= 1
            res += tree[r]
        l >>= 1
        r >>= 1
    return res
print(query(1, 4))
