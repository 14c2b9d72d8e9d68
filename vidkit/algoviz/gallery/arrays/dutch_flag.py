"""Dutch national flag.

Three pointers part zeros, ones and twos in one pass.
"""


def sort_colors(nums):
    low = mid = 0
    high = len(nums) - 1
    while mid <= high:
        match nums[mid]:
            case 0:
                nums[low], nums[mid] = nums[mid], nums[low]
                low += 1
                mid += 1
            case 1:
                mid += 1
            case _:
                nums[high], nums[mid] = nums[mid], nums[high]
                high -= 1


colors = [2, 0, 2, 1, 1, 0]
sort_colors(colors)
print(colors)
