"""Selection sort.

The smallest of the rest is swapped to the front.
"""


class Solution:
    def sort(self, nums: list[int]) -> list[int]:
        for i in range(len(nums)):
            min_idx = i
            for j in range(i + 1, len(nums)):
                if nums[j] < nums[min_idx]:
                    min_idx = j
            nums[i], nums[min_idx] = nums[min_idx], nums[i]
        return nums


print(Solution().sort([64, 25, 12, 22, 11]))
