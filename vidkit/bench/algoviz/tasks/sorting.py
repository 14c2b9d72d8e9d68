"""Sorting: what an algorithm does on its way, not only the order that it ends with."""

from vidkit.bench.algoviz.tasks.making import distinct, ints, problem


def _numbers(n=7):
    return lambda r: {"a": distinct(r, n, 1, 40)}


@problem("Bubble sort", _numbers())
def bubble_sort(a):
    """Sort by swapping neighbours; each pass ends one place earlier, and a pass without a swap is the last. Give [array,
    number of swaps]."""
    swaps = 0
    for end in range(len(a) - 1, 0, -1):
        before = swaps
        for i in range(end):
            if a[i] > a[i + 1]:
                a[i], a[i + 1] = a[i + 1], a[i]
                swaps += 1
        if swaps == before:
            break
    return [a, swaps]


@problem("Selection sort", _numbers())
def selection_sort(a):
    """Bring the smallest of the rest to each place by one swap, unless it is there. Give [array, number of swaps]."""
    swaps = 0
    for i in range(len(a) - 1):
        least = i
        for j in range(i + 1, len(a)):
            if a[j] < a[least]:
                least = j
        if least != i:
            a[i], a[least] = a[least], a[i]
            swaps += 1
    return [a, swaps]


@problem("Insertion sort", _numbers())
def insertion_sort(a):
    """Insert each number into the sorted part to its left, shifting larger ones. Give [array, number of shifts]."""
    shifts = 0
    for i in range(1, len(a)):
        key, j = a[i], i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
            shifts += 1
        a[j + 1] = key
    return [a, shifts]


@problem("Insertion with halving", _numbers(6))
def binary_insertion_sort(a):
    """As insertion sort, but the place is found by binary search in the sorted part. Give [array, places], the place of
    each number from the second on when it was inserted."""
    places = []
    for i in range(1, len(a)):
        key, low, high = a[i], 0, i
        while low < high:
            middle = (low + high) // 2
            if a[middle] <= key:
                low = middle + 1
            else:
                high = middle
        for j in range(i, low, -1):
            a[j] = a[j - 1]
        a[low] = key
        places.append(low)
    return [a, places]


@problem("Merge sort", _numbers())
def merge_sort(a):
    """Halve (the left half is the shorter), sort both, merge. Give the array after each merge, as it lies in memory."""
    states = []

    def sort(low, high):
        if high - low < 2:
            return
        middle = (low + high) // 2
        sort(low, middle)
        sort(middle, high)
        left, right = a[low:middle], a[middle:high]
        i = j = 0
        for k in range(low, high):
            if j == len(right) or (i < len(left) and left[i] <= right[j]):
                a[k] = left[i]
                i += 1
            else:
                a[k] = right[j]
                j += 1
        states.append(list(a))

    sort(0, len(a))
    return states


@problem("Merge sort from below", _numbers(8))
def bottom_up_merge_sort(a):
    """Merge runs of length 1, then 2, then 4 and so on, from the left. Give the array after each pass."""
    width, passes = 1, []
    while width < len(a):
        merged = []
        for low in range(0, len(a), 2 * width):
            left, right = a[low : low + width], a[low + width : low + 2 * width]
            while left and right:
                merged.append(left.pop(0) if left[0] <= right[0] else right.pop(0))
            merged += left + right
        a = merged
        passes.append(list(a))
        width *= 2
    return passes


@problem("Quicksort", _numbers())
def quick_sort(a):
    """Lomuto's partition with the last number of the part as pivot; the left part is sorted first. Give [array, pivots] in
    the order in which they are used."""
    pivots = []

    def sort(low, high):
        if low >= high:
            return
        pivot, place = a[high], low
        pivots.append(pivot)
        for i in range(low, high):
            if a[i] < pivot:
                a[i], a[place] = a[place], a[i]
                place += 1
        a[place], a[high] = a[high], a[place]
        sort(low, place - 1)
        sort(place + 1, high)

    sort(0, len(a) - 1)
    return [a, pivots]


@problem("Partition from both ends", _numbers(8))
def hoare_partition(a):
    """One partition after Hoare, with the first number as pivot: from the left find a number that is not smaller, from
    the right one that is not greater, swap them, go on until the pointers meet. Give [array, right pointer at the end]."""
    pivot, i, j = a[0], -1, len(a)
    while True:
        i += 1
        while a[i] < pivot:
            i += 1
        j -= 1
        while a[j] > pivot:
            j -= 1
        if i >= j:
            return [a, j]
        a[i], a[j] = a[j], a[i]


@problem("Quicksort with equal numbers", lambda r: {"a": ints(r, 9, 1, 4)})
def three_way_partition(a):
    """One partition into smaller, equal and greater than the first number. Give [array, first equal, last equal]."""
    pivot, low, i, high = a[0], 0, 0, len(a) - 1
    while i <= high:
        if a[i] < pivot:
            a[i], a[low] = a[low], a[i]
            low += 1
            i += 1
        elif a[i] > pivot:
            a[i], a[high] = a[high], a[i]
            high -= 1
        else:
            i += 1
    return [a, low, high]


@problem("Quickselect", lambda r: {"a": distinct(r, 8, 1, 40), "k": r.randint(2, 6)})
def quickselect(a, k):
    """Find the number that has place k, counted from 0, when sorted. Partition after Lomuto with the last number of the
    part as pivot and go on in the part with place k. Give [number, number of partitions]."""
    low, high, count = 0, len(a) - 1, 0
    while True:
        pivot, place = a[high], low
        for i in range(low, high):
            if a[i] < pivot:
                a[i], a[place] = a[place], a[i]
                place += 1
        a[place], a[high] = a[high], a[place]
        count += 1
        if place == k:
            return [a[k], count]
        if place < k:
            low = place + 1
        else:
            high = place - 1


@problem("Heapsort", _numbers())
def heap_sort(a):
    """Build a max-heap in place from the last parent down to the root, then move the root to the end and repair the heap.
    Give [the heap before the first removal, the sorted array]."""

    def sift(root, end):
        while 2 * root + 1 < end:
            child = 2 * root + 1
            if child + 1 < end and a[child + 1] > a[child]:
                child += 1
            if a[root] >= a[child]:
                return
            a[root], a[child] = a[child], a[root]
            root = child

    for root in range(len(a) // 2 - 1, -1, -1):
        sift(root, len(a))
    heap = list(a)
    for end in range(len(a) - 1, 0, -1):
        a[0], a[end] = a[end], a[0]
        sift(0, end)
    return [heap, a]


@problem("Shellsort", _numbers(8))
def shell_sort(a):
    """Insertion sort over gaps of 4, 2 and 1. Give the array after each gap."""
    states = []
    for gap in (4, 2, 1):
        for i in range(gap, len(a)):
            key, j = a[i], i
            while j >= gap and a[j - gap] > key:
                a[j] = a[j - gap]
                j -= gap
            a[j] = key
        states.append(list(a))
    return states


@problem("Counting sort", lambda r: {"a": ints(r, 9, 0, 5)})
def counting_sort(a):
    """The numbers lie from 0 to 5. Count them, then write them in order. Give [counts, sorted array]."""
    counts = [0] * 6
    for number in a:
        counts[number] += 1
    result = []
    for number in range(6):
        for _ in range(counts[number]):
            result.append(number)
    return [counts, result]


@problem("Radix sort", lambda r: {"a": distinct(r, 7, 10, 99)})
def radix_sort(a):
    """Distribute two-digit numbers to ten buckets by their last digit, collect them in order, then by their first. Give
    the array after each collection."""
    states = []
    for divisor in (1, 10):
        buckets = [[] for _ in range(10)]
        for number in a:
            buckets[number // divisor % 10].append(number)
        a = [number for bucket in buckets for number in bucket]
        states.append(list(a))
    return states


@problem("Bucket sort", lambda r: {"a": distinct(r, 8, 0, 39)})
def bucket_sort(a):
    """Distribute numbers from 0 to 39 to four buckets of ten, sort each by insertion, and join them. Give [the sorted
    buckets, the array]."""
    buckets = [[] for _ in range(4)]
    for number in a:
        bucket = buckets[number // 10]
        bucket.append(number)
        i = len(bucket) - 1
        while i > 0 and bucket[i - 1] > bucket[i]:
            bucket[i - 1], bucket[i] = bucket[i], bucket[i - 1]
            i -= 1
    result = []
    for bucket in buckets:
        result += bucket
    return [buckets, result]
