"""Merge intervals.

Sorted intervals join the one before where they touch it.
"""

intervals = [[1, 3], [2, 6], [8, 10], [15, 18]]
intervals.sort()
merged = [intervals[0]]
for start, end in intervals[1:]:
    if start <= merged[-1][1]:
        merged[-1][1] = max(merged[-1][1], end)
    else:
        merged.append([start, end])
print(merged)
