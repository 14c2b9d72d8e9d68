"""Insertion sort.

Each number is moved left to its place among those before it.
"""

numbers = [12, 11, 13, 5, 6]

for i in range(1, len(numbers)):
    key = numbers[i]
    j = i - 1
    while j >= 0 and key < numbers[j]:
        numbers[j + 1] = numbers[j]
        j -= 1
    numbers[j + 1] = key

print(numbers)
