"""Circular queue.

A queue in a fixed list; its head and tail go round.
"""


class CircularQueue:
    def __init__(self, k):
        self.k = k
        self.queue = [None] * k
        self.head = self.tail = -1

    def enqueue(self, data):
        if (self.tail + 1) % self.k == self.head:
            return False
        if self.head == -1:
            self.head = 0
        self.tail = (self.tail + 1) % self.k
        self.queue[self.tail] = data
        return True

    def dequeue(self):
        v = self.queue[self.head]
        self.queue[self.head] = None
        if self.head == self.tail:
            self.head = self.tail = -1
        else:
            self.head = (self.head + 1) % self.k
        return v


cq = CircularQueue(4)
for v in "abcd":
    cq.enqueue(v)
cq.dequeue()
cq.dequeue()
cq.enqueue("e")
print(cq.queue)
