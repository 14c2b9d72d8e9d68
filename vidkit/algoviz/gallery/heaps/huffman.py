"""Huffman code.

The two rarest are joined until one tree is left.
"""

import heapq


class HNode:
    def __init__(self, freq, symbol, left=None, right=None):
        self.freq, self.symbol, self.left, self.right = freq, symbol, left, right

    def __lt__(self, other):
        return self.freq < other.freq


chars = {"a": 5, "b": 9, "c": 12, "d": 13, "e": 16, "f": 45}
heap = [HNode(f, c) for c, f in chars.items()]
heapq.heapify(heap)
while len(heap) > 1:
    left = heapq.heappop(heap)
    right = heapq.heappop(heap)
    heapq.heappush(heap, HNode(left.freq + right.freq, left.symbol + right.symbol, left, right))
codes = {}


def walk(n, code=""):
    if n.left is None:
        codes[n.symbol] = code
        return
    walk(n.left, code + "0")
    walk(n.right, code + "1")


walk(heap[0])
print(sum(len(codes[c]) * n for c, n in chars.items()))
