"""Cocktail sort.

Bubble sort that goes forth and back.
"""


def cocktail(a):
    lo, hi = 0, len(a) - 1
    changed = True
    while changed:
        changed = False
        for i in range(lo, hi):
            if a[i] > a[i + 1]:
                a[i], a[i + 1] = a[i + 1], a[i]
                changed = True
        hi -= 1
        for i in range(hi, lo, -1):
            if a[i - 1] > a[i]:
                a[i - 1], a[i] = a[i], a[i - 1]
                changed = True
        lo += 1


numbers = [5, 1, 4, 2, 8, 0]
cocktail(numbers)
print(numbers)
