"""Priority queue.

The most urgent job comes out first.
"""

import heapq


class PriorityQueue:
    def __init__(self):
        self._data = []
        self._n = 0

    def push(self, item, priority):
        heapq.heappush(self._data, (priority, self._n, item))
        self._n += 1

    def pop(self):
        return heapq.heappop(self._data)[-1]


pq = PriorityQueue()
for job, p in [("write", 3), ("read", 1), ("sleep", 2)]:
    pq.push(job, p)
print(pq.pop(), pq.pop())
