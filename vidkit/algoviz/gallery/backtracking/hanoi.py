"""Tower of Hanoi.

The smaller tower steps aside for the largest disk.
"""

pegs = {"A": [3, 2, 1], "B": [], "C": []}


def hanoi(n, source, target, spare):
    if n == 0:
        return
    hanoi(n - 1, source, spare, target)
    pegs[target].append(pegs[source].pop())
    print(f"Move disk {n} from {source} to {target}")
    hanoi(n - 1, spare, target, source)


hanoi(3, "A", "C", "B")
