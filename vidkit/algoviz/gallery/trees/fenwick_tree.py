"""Fenwick tree.

Partial sums, addressed by the lowest set bit.
"""


class BIT:
    def __init__(self, n):
        self.n = n
        self.tree = [0] * (n + 1)

    def update(self, i, d):
        while i <= self.n:
            self.tree[i] += d
            i += i & -i

    def query(self, i):
        s = 0
        while i > 0:
            s += self.tree[i]
            i -= i & -i
        return s


b = BIT(8)
for i, v in enumerate([3, 2, -1, 6, 5, 4, -3, 3], 1):
    b.update(i, v)
print(b.query(5))
