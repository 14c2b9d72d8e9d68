def sort_colors(nums):
    low = mid = 0
    high = len(nums) - 1
    while mid <= high:
        match nums[mid]:
            case 0:
                nums[low], nums[mid] = nums[mid], nums[low]
                low += 1; mid += 1
            case 1:
                mid += 1
            case _:
                nums[high], nums[mid] = nums[mid], nums[high]
                high -= 1
sort_colors([2, 0, 2, 1, 1, 0])
