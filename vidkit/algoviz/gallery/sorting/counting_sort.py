"""Counting sort.

Counts of each value are written out in order.
"""


def counting_sort(arr):
    k = max(arr)
    count = [0] * (k + 1)
    for x in arr:
        count[x] += 1
    idx = 0
    for v, c in enumerate(count):
        for _ in range(c):
            arr[idx] = v
            idx += 1
    return arr


print(counting_sort([4, 2, 2, 8, 3, 3, 1]))
