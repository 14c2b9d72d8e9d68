"""Hash table with chains.

Keys of the same slot share a chain.
"""


class HashTable:
    def __init__(self, size=5):
        self.size = size
        self.table = [[] for _ in range(size)]

    def _hash(self, key):
        return sum(ord(c) for c in key) % self.size

    def set(self, key, value):
        bucket = self.table[self._hash(key)]
        for i, (k, _v) in enumerate(bucket):
            if k == key:
                bucket[i] = (key, value)
                return
        bucket.append((key, value))

    def get(self, key):
        for k, v in self.table[self._hash(key)]:
            if k == key:
                return v
        raise KeyError(key)


ht = HashTable()
ht.set("apple", 3)
ht.set("pear", 5)
ht.set("fig", 7)
ht.set("apple", 4)
print(ht.get("apple"), ht.get("fig"))
