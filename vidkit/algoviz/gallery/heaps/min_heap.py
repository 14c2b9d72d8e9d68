"""Binary heap.

Push sifts up, pop sifts down.
"""


class MinHeap:
    def __init__(self):
        self.heap = []

    def push(self, val):
        self.heap.append(val)
        i = len(self.heap) - 1
        while i > 0 and self.heap[(i - 1) // 2] > self.heap[i]:
            p = (i - 1) // 2
            self.heap[p], self.heap[i] = self.heap[i], self.heap[p]
            i = p

    def pop(self):
        h = self.heap
        h[0], h[-1] = h[-1], h[0]
        smallest = h.pop()
        i = 0
        while True:
            left, right, m = 2 * i + 1, 2 * i + 2, i
            if left < len(h) and h[left] < h[m]:
                m = left
            if right < len(h) and h[right] < h[m]:
                m = right
            if m == i:
                break
            h[i], h[m] = h[m], h[i]
            i = m
        return smallest


heap = MinHeap()
for v in [5, 3, 8, 1, 2]:
    heap.push(v)
while heap.heap:
    print(heap.pop())
