"""Binary search.

Half of a sorted list is ruled out with each look.
"""


def binary_search(arr, target):
    left, right = 0, len(arr) - 1
    while left <= right:
        mid = (left + right) // 2
        if arr[mid] == target:
            return mid
        elif arr[mid] < target:
            left = mid + 1
        else:
            right = mid - 1
    return -1


sorted_list = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29]
result = binary_search(sorted_list, 25)
print(f"Found at {result}" if result != -1 else "Not found")
