"""Prefix sums.

Running totals answer the sum of any range with one subtraction.
"""

nums = [3, 1, 4, 1, 5]
prefix = [0]
for x in nums:
    prefix.append(prefix[-1] + x)
print(prefix[4] - prefix[1])
