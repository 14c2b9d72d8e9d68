"""Longest increasing subsequence.

The longest one that ends at each number.
"""


def longest(nums):
    dp = [1] * len(nums)
    for i in range(1, len(nums)):
        for j in range(i):
            if nums[i] > nums[j]:
                dp[i] = max(dp[i], dp[j] + 1)
    return max(dp)


print(longest([10, 9, 2, 5, 3, 7, 101, 18]))
