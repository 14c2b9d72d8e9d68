"""Sorting: less usual algorithms, and what sorting is good for."""

import heapq

from vidkit.bench.algoviz.tasks.making import distinct, ints, letters, problem


def _numbers(n=7):
    return lambda r: {"a": distinct(r, n, 1, 40)}


@problem("Cocktail sort", _numbers())
def cocktail_sort(a):
    """Bubble to the right, then to the left, with narrowing ends, until a whole round makes no swap. Give [array, number
    of swaps]."""
    low, high, swaps = 0, len(a) - 1, 0
    while low < high:
        before = swaps
        for i in range(low, high):
            if a[i] > a[i + 1]:
                a[i], a[i + 1] = a[i + 1], a[i]
                swaps += 1
        high -= 1
        for i in range(high, low, -1):
            if a[i - 1] > a[i]:
                a[i - 1], a[i] = a[i], a[i - 1]
                swaps += 1
        low += 1
        if swaps == before:
            break
    return [a, swaps]


@problem("Comb sort", _numbers(8))
def comb_sort(a):
    """Compare over a gap that begins at the length and is multiplied by 10/13, rounded down, at least 1, before each
    pass; end after a pass with gap 1 without a swap. Give [array, gaps in order]."""
    gap, swapped, gaps = len(a), True, []
    while gap > 1 or swapped:
        gap = max(1, gap * 10 // 13)
        gaps.append(gap)
        swapped = False
        for i in range(len(a) - gap):
            if a[i] > a[i + gap]:
                a[i], a[i + gap] = a[i + gap], a[i]
                swapped = True
    return [a, gaps]


@problem("Gnome sort", _numbers(6))
def gnome_sort(a):
    """Stand at place 0. If the number before is not greater (or there is none) go right, else swap and go left; end
    behind the last place. Give [array, number of moves in either direction]."""
    i = moves = 0
    while i < len(a):
        if i == 0 or a[i - 1] <= a[i]:
            i += 1
        else:
            a[i - 1], a[i] = a[i], a[i - 1]
            i -= 1
        moves += 1
    return [a, moves]


@problem("Pancake sort", _numbers(6))
def pancake_sort(a):
    """Only a front part may be reversed. From the longest part down, bring its largest number to the front, then to its
    end; leave out both where it is at the end already, the first where it is in front. Give the lengths of the parts
    reversed."""
    flips = []
    for size in range(len(a), 1, -1):
        largest = 0
        for i in range(1, size):
            if a[i] > a[largest]:
                largest = i
        if largest == size - 1:
            continue
        for length in (largest + 1, size):
            if length > 1:
                a[:length] = a[:length][::-1]
                flips.append(length)
    return flips


@problem("Cycle sort", _numbers(6))
def cycle_sort(a):
    """Put each number at its place, counted by how many are smaller, and go on with the one that was there, until the
    cycle closes. The numbers are distinct. Give [array, number of writes]."""
    writes = 0
    for start in range(len(a) - 1):
        item, place = a[start], -1
        while place != start:
            place = start
            for i in range(start + 1, len(a)):
                if a[i] < item:
                    place += 1
            if a[place] == item:
                break
            a[place], item = item, a[place]
            writes += 1
    return [a, writes]


@problem("Odd-even sort", _numbers(6))
def odd_even_sort(a):
    """Alternate passes over the pairs (1, 2), (3, 4) and so on, and over (0, 1), (2, 3) and so on, until both make no
    swap. Give [array, number of passes]."""
    passes, swapped = 0, True
    while swapped:
        swapped = False
        for first in (1, 0):
            passes += 1
            for i in range(first, len(a) - 1, 2):
                if a[i] > a[i + 1]:
                    a[i], a[i + 1] = a[i + 1], a[i]
                    swapped = True
    return [a, passes]


@problem("Counting inversions", _numbers(7))
def inversions(a):
    """How many pairs stand in the wrong order? Count them while merging."""
    count = 0

    def sort(part):
        nonlocal count
        if len(part) < 2:
            return part
        middle = len(part) // 2
        left, right = sort(part[:middle]), sort(part[middle:])
        merged, i = [], 0
        for number in right:
            while i < len(left) and left[i] <= number:
                merged.append(left[i])
                i += 1
            count += len(left) - i
            merged.append(number)
        return merged + left[i:]

    sort(a)
    return count


@problem("Merging many lists", lambda r: {"lists": [sorted(ints(r, n)) for n in (3, 2, 3)]})
def merge_lists(lists):
    """The lists are in ascending order. Merge them with a heap that holds the head of each."""
    heap, result = [], []
    for number in range(len(lists)):
        heapq.heappush(heap, (lists[number][0], number, 0))
    while heap:
        value, number, place = heapq.heappop(heap)
        result.append(value)
        if place + 1 < len(lists[number]):
            heapq.heappush(heap, (lists[number][place + 1], number, place + 1))
    return result


@problem(
    "Nearly sorted",
    lambda r: (
        {"a": [2, 1, 3, 5, 4, 7, 6, 8], "k": 1}
        if r.random() < 0.3
        else {"a": [n + d for n, d in zip(range(0, 32, 4), ints(r, 8, 0, 7), strict=True)], "k": 2}
    ),
)
def nearly_sorted(a, k):
    """No number is more than k places away from its place. Sort with a heap of k + 1 numbers."""
    heap, result = [], []
    for number in a:
        heapq.heappush(heap, number)
        if len(heap) > k:
            result.append(heapq.heappop(heap))
    while heap:
        result.append(heapq.heappop(heap))
    return result


@problem("Zigzag", lambda r: {"a": distinct(r, 8, 1, 40)})
def zigzag(a):
    """In one pass over neighbours swap where needed so that a[0] < a[1] > a[2] < a[3] and so on. Give the array."""
    for i in range(len(a) - 1):
        if (a[i] > a[i + 1]) == (i % 2 == 0):
            a[i], a[i + 1] = a[i + 1], a[i]
    return a


@problem("Words by length", lambda r: {"words": [letters(r, r.randint(1, 4)) for _ in range(6)]})
def words_by_length(words):
    """Order the words by length with insertion sort; words of one length keep their order."""
    for i in range(1, len(words)):
        word, j = words[i], i
        while j > 0 and len(words[j - 1]) > len(word):
            words[j] = words[j - 1]
            j -= 1
        words[j] = word
    return words
