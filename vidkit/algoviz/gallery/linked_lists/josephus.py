"""Josephus problem.

Every third person leaves the circle.
"""

from collections import deque

people = deque(range(1, 8))
order = []
while people:
    people.rotate(-2)
    order.append(people.popleft())
print(order)
