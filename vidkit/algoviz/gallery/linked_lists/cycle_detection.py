"""Floyd's cycle detection.

A fast and a slow pointer meet in the cycle.
"""

import itertools


class Node:
    def __init__(self, x):
        self.val = x
        self.next = None


nodes = [Node(i) for i in range(5)]
for a, b in itertools.pairwise(nodes):
    a.next = b
nodes[-1].next = nodes[2]
slow = fast = nodes[0]
while True:
    slow = slow.next
    fast = fast.next.next
    if slow is fast:
        break
print(slow.val)
