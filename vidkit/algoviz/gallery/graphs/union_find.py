"""Union-find.

Sets are joined by rank; paths are shortened on the way.
"""


class UnionFind:
    def __init__(self, n):
        self.parent = list(range(n))
        self.rank = [0] * n

    def find(self, x):
        if self.parent[x] != x:
            self.parent[x] = self.find(self.parent[x])
        return self.parent[x]

    def union(self, x, y):
        rx, ry = self.find(x), self.find(y)
        if rx == ry:
            return False
        if self.rank[rx] < self.rank[ry]:
            rx, ry = ry, rx
        self.parent[ry] = rx
        if self.rank[rx] == self.rank[ry]:
            self.rank[rx] += 1
        return True


uf = UnionFind(6)
for a, b in [(0, 1), (2, 3), (1, 3), (4, 5)]:
    uf.union(a, b)
print(uf.find(0) == uf.find(3), uf.find(0) == uf.find(5))
