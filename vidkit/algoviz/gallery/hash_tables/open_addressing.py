"""Hash table with open addressing.

A taken slot sends the key to the next one.
"""


class OpenHash:
    def __init__(self, cap=7):
        self.keys = [None] * cap
        self.vals = [None] * cap
        self.cap = cap

    def put(self, k, v):
        i = k % self.cap
        while self.keys[i] is not None and self.keys[i] != k:
            i = (i + 1) % self.cap
        self.keys[i], self.vals[i] = k, v


h = OpenHash()
for k in (10, 17, 24, 3):
    h.put(k, str(k))

print(h.keys)
