"""Arrays: one pass, two pointers, windows, prefix sums."""

from collections import deque

from vidkit.bench.algoviz.tasks.making import ascending, distinct, ints, letters, problem


@problem(
    "Pair with a given sum", lambda r: {"numbers": (a := ascending(r, 8)), "target": sum(r.sample(a, 2))}
)
def pair_sum(numbers, target):
    """The numbers are in ascending order. Move two pointers inwards from both ends until the numbers at them add up to
    target; give the two positions, counted from 0, the smaller first."""
    left, right = 0, len(numbers) - 1
    while left < right:
        total = numbers[left] + numbers[right]
        if total == target:
            return [left, right]
        if total < target:
            left += 1
        else:
            right -= 1
    return []


@problem("Pair closest to a sum", lambda r: {"numbers": ascending(r, 8), "target": r.randint(10, 50)})
def closest_pair_sum(numbers, target):
    """The numbers are in ascending order. Which sum of two numbers at different positions is closest to target? Of two
    that are equally close, give the smaller."""
    left, right, best = 0, len(numbers) - 1, None
    while left < right:
        total = numbers[left] + numbers[right]
        if best is None or (abs(total - target), total) < (abs(best - target), best):
            best = total
        if total < target:
            left += 1
        else:
            right -= 1
    return best


@problem("Three numbers with sum zero", lambda r: {"numbers": sorted(distinct(r, 8, -9, 9))})
def three_sum(numbers):
    """The numbers are distinct and in ascending order. List all triples of them that add up to zero, each ascending,
    the triples in ascending order."""
    found = []
    for i in range(len(numbers) - 2):
        left, right = i + 1, len(numbers) - 1
        while left < right:
            total = numbers[i] + numbers[left] + numbers[right]
            if total == 0:
                found.append([numbers[i], numbers[left], numbers[right]])
                left += 1
                right -= 1
            elif total < 0:
                left += 1
            else:
                right -= 1
    return found


@problem("Most water between two walls", lambda r: {"heights": ints(r, 9, 1, 12)})
def container(heights):
    """Walls stand side by side, one unit apart. Two of them and the ground hold water up to the lower one: the area is
    that height times their distance. Give the largest area."""
    left, right, best = 0, len(heights) - 1, 0
    while left < right:
        best = max(best, min(heights[left], heights[right]) * (right - left))
        if heights[left] <= heights[right]:
            left += 1
        else:
            right -= 1
    return best


@problem("Rain on a skyline", lambda r: {"heights": ints(r, 10, 0, 6)})
def rain(heights):
    """Bars of width 1 stand side by side. After rain every dip is full up to the lower of its highest bars to the left
    and to the right. How many units of water stay?"""
    left, right = 0, len(heights) - 1
    left_max = right_max = water = 0
    while left < right:
        if heights[left] < heights[right]:
            left_max = max(left_max, heights[left])
            water += left_max - heights[left]
            left += 1
        else:
            right_max = max(right_max, heights[right])
            water += right_max - heights[right]
            right -= 1
    return water


@problem("Duplicates out of a sorted array", lambda r: {"numbers": sorted(ints(r, 10, 1, 6))})
def deduplicate(numbers):
    """The numbers are in ascending order. Write the first of each run of equal numbers to the front, in place, and give
    the part of the array that holds them."""
    write = 0
    for read in range(len(numbers)):
        if read == 0 or numbers[read] != numbers[write - 1]:
            numbers[write] = numbers[read]
            write += 1
    return numbers[:write]


@problem("Zeros to the end", lambda r: {"numbers": r.sample([0, 0, 0, *ints(r, 6, 1, 9)], 9)})
def move_zeros(numbers):
    """Move all zeros behind the other numbers, whose order stays. Give the array."""
    write = 0
    for read in range(len(numbers)):
        if numbers[read] != 0:
            numbers[write], numbers[read] = numbers[read], numbers[write]
            write += 1
    return numbers


@problem("Three colours", lambda r: {"colours": ints(r, 10, 0, 2)})
def three_colours(colours):
    """Order an array of 0, 1 and 2 in one pass with three pointers that swap. Give the array."""
    low, at, high = 0, 0, len(colours) - 1
    while at <= high:
        if colours[at] == 0:
            colours[low], colours[at] = colours[at], colours[low]
            low += 1
            at += 1
        elif colours[at] == 2:
            colours[at], colours[high] = colours[high], colours[at]
            high -= 1
        else:
            at += 1
    return colours


@problem("Even numbers first", lambda r: {"numbers": ints(r, 9)})
def evens_first(numbers):
    """Bring all even numbers before all odd ones; within both groups the order stays. Give the array."""
    evens, odds = [], []
    for number in numbers:
        if number % 2 == 0:
            evens.append(number)
        else:
            odds.append(number)
    return evens + odds


@problem("Reversing in place", lambda r: {"numbers": ints(r, 8)})
def reverse(numbers):
    """Turn the array round by swapping from the ends inwards. Give the array and the number of swaps as
    [array, swaps]."""
    left, right, swaps = 0, len(numbers) - 1, 0
    while left < right:
        numbers[left], numbers[right] = numbers[right], numbers[left]
        swaps += 1
        left += 1
        right -= 1
    return [numbers, swaps]


@problem("Rotating by reversals", lambda r: {"numbers": ints(r, 8), "k": r.randint(2, 6)})
def rotate(numbers, k):
    """Rotate the array k places to the right by three reversals: of all of it, of the first k, of the rest. Give the
    array."""
    n = len(numbers)
    for left, right in ((0, n - 1), (0, k - 1), (k, n - 1)):
        while left < right:
            numbers[left], numbers[right] = numbers[right], numbers[left]
            left += 1
            right -= 1
    return numbers


@problem("Merging two sorted arrays", lambda r: {"a": sorted(ints(r, 5)), "b": sorted(ints(r, 6))})
def merge(a, b):
    """Both arrays are in ascending order. Merge them into one by always taking the smaller head, from a where they are
    equal."""
    i = j = 0
    merged = []
    while i < len(a) or j < len(b):
        if j == len(b) or (i < len(a) and a[i] <= b[j]):
            merged.append(a[i])
            i += 1
        else:
            merged.append(b[j])
            j += 1
    return merged


@problem("What two sorted arrays share", lambda r: {"a": ascending(r, 7, 1, 14), "b": ascending(r, 7, 1, 14)})
def intersection(a, b):
    """Both arrays are in ascending order without duplicates. Give the numbers that are in both, by one pass with a
    pointer into each."""
    i = j = 0
    shared = []
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            shared.append(a[i])
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return shared


@problem("Squares in order", lambda r: {"numbers": sorted(distinct(r, 8, -9, 9))})
def sorted_squares(numbers):
    """The numbers are in ascending order, some are negative. Give their squares in ascending order, filled in from the
    back by comparing both ends."""
    result = [0] * len(numbers)
    left, right = 0, len(numbers) - 1
    for place in range(len(numbers) - 1, -1, -1):
        if abs(numbers[left]) > abs(numbers[right]):
            result[place] = numbers[left] ** 2
            left += 1
        else:
            result[place] = numbers[right] ** 2
            right -= 1
    return result


@problem(
    "Palindrome with one mistake", lambda r: {"text": (h := letters(r, 5)) + r.choice("xab") + h[::-1][1:]}
)
def almost_palindrome(text):
    """How many pairs of mirrored positions of the text hold different letters?"""
    left, right, wrong = 0, len(text) - 1, 0
    while left < right:
        if text[left] != text[right]:
            wrong += 1
        left += 1
        right -= 1
    return wrong


@problem("Removing a value", lambda r: {"numbers": ints(r, 10, 1, 4), "value": r.randint(1, 4)})
def remove_value(numbers, value):
    """Overwrite the array so that its front holds everything but the value, in the old order; give that part."""
    write = 0
    for read in range(len(numbers)):
        if numbers[read] != value:
            numbers[write] = numbers[read]
            write += 1
    return numbers[:write]


@problem("Two largest numbers", lambda r: {"numbers": distinct(r, 9)})
def two_largest(numbers):
    """Find the largest and the second largest number in one pass. Give [largest, second]."""
    largest = second = None
    for number in numbers:
        if largest is None or number > largest:
            largest, second = number, largest
        elif second is None or number > second:
            second = number
    return [largest, second]


@problem(
    "Majority by cancelling",
    lambda r: {"votes": r.sample([r.randint(1, 5)] * 5 + ints(r, 4, 1, 5), 9)},
)
def majority(votes):
    """One value has more than half of the votes. Find it with one candidate and one counter: an equal vote adds one,
    another takes one away, at zero the next vote is the candidate."""
    candidate, count = None, 0
    for vote in votes:
        if count == 0:
            candidate = vote
        count += 1 if vote == candidate else -1
    return candidate


@problem("Prefix sums", lambda r: {"numbers": ints(r, 8, -5, 9)})
def prefix_sums(numbers):
    """Give the array whose element i is the sum of all numbers up to and including position i."""
    sums = []
    total = 0
    for number in numbers:
        total += number
        sums.append(total)
    return sums


@problem(
    "Sums of ranges",
    lambda r: {"numbers": ints(r, 8), "ranges": [sorted(r.sample(range(8), 2)) for _ in range(4)]},
)
def range_sums(numbers, ranges):
    """Answer each range [first, last], both ends included, with the sum of its numbers, from one table of prefix
    sums."""
    prefix = [0] * (len(numbers) + 1)
    for i in range(len(numbers)):
        prefix[i + 1] = prefix[i] + numbers[i]
    return [prefix[last + 1] - prefix[first] for first, last in ranges]


@problem(
    "Point of balance", lambda r: {"numbers": [*(a := ints(r, 3, 1, 6)), r.randint(1, 9), *r.sample(a, 3)]}
)
def balance(numbers):
    """Find the first position with equal sums to its left and to its right, itself left out; -1 if there is none."""
    total, left = sum(numbers), 0
    for i in range(len(numbers)):
        if left == total - left - numbers[i]:
            return i
        left += numbers[i]
    return -1


@problem("Product of all others", lambda r: {"numbers": ints(r, 6, 1, 5)})
def products(numbers):
    """For each position give the product of all other numbers, without dividing: one pass from the left, one from the
    right."""
    result = [1] * len(numbers)
    product = 1
    for i in range(len(numbers)):
        result[i] = product
        product *= numbers[i]
    product = 1
    for i in range(len(numbers) - 1, -1, -1):
        result[i] *= product
        product *= numbers[i]
    return result


@problem("Largest sum of neighbours", lambda r: {"numbers": ints(r, 10, -8, 9)})
def largest_run(numbers):
    """Give the largest sum of a non-empty run of neighbouring numbers."""
    best = current = numbers[0]
    for i in range(1, len(numbers)):
        current = max(numbers[i], current + numbers[i])
        best = max(best, current)
    return best


@problem(
    "Largest product of neighbours",
    lambda r: {"numbers": [r.choice([-3, -2, -1, 1, 2, 3]) for _ in range(8)]},
)
def largest_product(numbers):
    """Give the largest product of a non-empty run of neighbouring numbers. Keep the largest and the smallest product
    that ends here."""
    best = high = low = numbers[0]
    for number in numbers[1:]:
        options = [number, number * high, number * low]
        high, low = max(options), min(options)
        best = max(best, high)
    return best


@problem("One purchase, one sale", lambda r: {"prices": ints(r, 9, 1, 20)})
def one_trade(prices):
    """Prices are given by day. Buy once, sell once on a later day, or do nothing: give the largest profit."""
    cheapest, profit = prices[0], 0
    for price in prices[1:]:
        profit = max(profit, price - cheapest)
        cheapest = min(cheapest, price)
    return profit


@problem("As many trades as you like", lambda r: {"prices": ints(r, 9, 1, 20)})
def many_trades(prices):
    """Prices are given by day. Buy and sell as often as you like, holding at most one share: give the largest
    profit."""
    profit = 0
    for day in range(1, len(prices)):
        if prices[day] > prices[day - 1]:
            profit += prices[day] - prices[day - 1]
    return profit


@problem("Best window", lambda r: {"numbers": ints(r, 10), "k": r.randint(3, 4)})
def best_window(numbers, k):
    """Slide a window of k neighbouring numbers along the array. Give the largest sum and where its window begins, the
    first one of several, as [sum, begin]."""
    total = sum(numbers[:k])
    best, begin = total, 0
    for i in range(k, len(numbers)):
        total += numbers[i] - numbers[i - k]
        if total > best:
            best, begin = total, i - k + 1
    return [best, begin]


@problem("Maximum of every window", lambda r: {"numbers": ints(r, 9), "k": 3})
def window_maxima(numbers, k):
    """Give the maximum of each window of k neighbouring numbers, from left to right, with a deque of positions whose
    numbers descend."""
    waiting, result = deque(), []
    for i in range(len(numbers)):
        while waiting and numbers[waiting[-1]] <= numbers[i]:
            waiting.pop()
        waiting.append(i)
        if waiting[0] == i - k:
            waiting.popleft()
        if i >= k - 1:
            result.append(numbers[waiting[0]])
    return result


@problem("Shortest run with a sum", lambda r: {"numbers": ints(r, 9, 1, 9), "target": r.randint(14, 22)})
def shortest_run(numbers, target):
    """All numbers are positive. How many numbers has the shortest run of neighbours with a sum of at least target? 0 if
    there is none."""
    begin = total = best = 0
    for end in range(len(numbers)):
        total += numbers[end]
        while total >= target:
            length = end - begin + 1
            best = length if best == 0 else min(best, length)
            total -= numbers[begin]
            begin += 1
    return best


@problem("Longest run of ones after flips", lambda r: {"bits": ints(r, 12, 0, 1), "k": 2})
def flips(bits, k):
    """At most k zeros may be turned into ones. How long is the longest run of ones then?"""
    begin = zeros = best = 0
    for end in range(len(bits)):
        zeros += bits[end] == 0
        while zeros > k:
            zeros -= bits[begin] == 0
            begin += 1
        best = max(best, end - begin + 1)
    return best


@problem("Longest part without repetition", lambda r: {"text": letters(r, 11, "abcde")})
def without_repetition(text):
    """How long is the longest run of neighbouring letters in which no letter comes twice?"""
    last, begin, best = {}, 0, 0
    for end in range(len(text)):
        if text[end] in last:
            begin = max(begin, last[text[end]] + 1)
        last[text[end]] = end
        best = max(best, end - begin + 1)
    return best


@problem("Leaders", lambda r: {"numbers": ints(r, 9)})
def leaders(numbers):
    """A leader is greater than every number to its right. Give the leaders from left to right."""
    found, largest = [], None
    for i in range(len(numbers) - 1, -1, -1):
        if largest is None or numbers[i] > largest:
            largest = numbers[i]
            found.insert(0, largest)
    return found
