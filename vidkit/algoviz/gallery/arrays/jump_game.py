"""Jump game.

How far one can get grows with each cell that is reached.
"""

nums = [2, 3, 1, 1, 4]
reach = 0
for i, n in enumerate(nums):
    if i > reach:
        print(False)
        break
    reach = max(reach, i + n)
else:
    print(True)
