"""Two sum.

A dictionary knows where each number was seen.
"""


class Solution:
    def two_sum(self, nums, target):
        seen = {}
        for i, num in enumerate(nums):
            complement = target - num
            if complement in seen:
                return [seen[complement], i]
            seen[num] = i
        return []


s = Solution()
print(s.two_sum([4, 11, 2, 15, 7], 9))
