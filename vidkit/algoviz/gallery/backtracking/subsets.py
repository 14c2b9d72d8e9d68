"""Subsets.

Each number doubles the subsets.
"""


def subsets(nums):
    result = [[]]
    for n in nums:
        result += [[*cur, n] for cur in result]
    return result


print(subsets([1, 2, 3]))
