"""The k largest.

A heap of k numbers drops its smallest.
"""

import heapq


def k_largest(nums, k):
    heap = []
    for x in nums:
        heapq.heappush(heap, x)
        if len(heap) > k:
            heapq.heappop(heap)
    return sorted(heap, reverse=True)


print(k_largest([3, 2, 1, 5, 6, 4], 3))
