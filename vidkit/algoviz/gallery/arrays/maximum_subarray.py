"""Maximum subarray (Kadane).

A run that has become negative is dropped.
"""

nums = [-2, 1, -3, 4, -1, 2, 1, -5, 4]
best = current = nums[0]
for i in range(1, len(nums)):
    current = max(nums[i], current + nums[i])
    best = max(best, current)
print(best)
