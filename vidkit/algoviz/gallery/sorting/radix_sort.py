"""Radix sort.

Numbers are dealt into buckets digit by digit, the last digit first.
"""


def radix_sort(nums):
    exp = 1
    while max(nums) // exp > 0:
        buckets = [[] for _ in range(10)]
        for n in nums:
            buckets[n // exp % 10].append(n)
        nums = [n for b in buckets for n in b]
        exp *= 10
    return nums


print(radix_sort([170, 45, 75, 90, 802, 24, 2, 66]))
