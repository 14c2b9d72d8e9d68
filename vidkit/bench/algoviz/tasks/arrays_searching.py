"""Arrays: halving, intervals, greedy choices, matrices."""

from vidkit.bench.algoviz.tasks.making import ascending, distinct, ints, problem


@problem("Binary search", lambda r: {"numbers": (a := ascending(r, 9)), "target": r.choice([*a, 31])})
def binary_search(numbers, target):
    """The numbers are in ascending order. Give the positions that binary search looks at, the middle rounded down, in
    order; it ends at the target or when nothing is left."""
    low, high, looked = 0, len(numbers) - 1, []
    while low <= high:
        middle = (low + high) // 2
        looked.append(middle)
        if numbers[middle] == target:
            break
        if numbers[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return looked


@problem(
    "First and last of equal numbers",
    lambda r: {"numbers": (a := sorted(ints(r, 10, 1, 4))), "target": r.choice(a)},
)
def equal_range(numbers, target):
    """The numbers are in ascending order. Give [first, last] position of target by two binary searches, [-1, -1] if it
    is not there."""
    ends = []
    for bias in (0, 1):
        low, high = 0, len(numbers)
        while low < high:
            middle = (low + high) // 2
            if numbers[middle] < target + bias:
                low = middle + 1
            else:
                high = middle
        ends.append(low)
    first, after = ends
    return [first, after - 1] if first < after else [-1, -1]


@problem("Where to insert", lambda r: {"numbers": ascending(r, 8), "target": r.randint(1, 30)})
def insertion_point(numbers, target):
    """The numbers are in ascending order. How many are smaller than target? Halve the range."""
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] < target:
            low = middle + 1
        else:
            high = middle
    return low


def _rotated(r, n):
    a, k = ascending(r, n), r.randint(1, n - 1)
    return a[k:] + a[:k]


@problem("Search in a rotated array", lambda r: {"numbers": (a := _rotated(r, 9)), "target": r.choice(a)})
def rotated_search(numbers, target):
    """An ascending array was rotated. Give the position of target, -1 if it is missing, in logarithmic time."""
    low, high = 0, len(numbers) - 1
    while low <= high:
        middle = (low + high) // 2
        if numbers[middle] == target:
            return middle
        if numbers[low] <= numbers[middle]:
            if numbers[low] <= target < numbers[middle]:
                high = middle - 1
            else:
                low = middle + 1
        elif numbers[middle] < target <= numbers[high]:
            low = middle + 1
        else:
            high = middle - 1
    return -1


@problem("Minimum of a rotated array", lambda r: {"numbers": _rotated(r, 9)})
def rotated_minimum(numbers):
    """An ascending array of distinct numbers was rotated. Give the position of its minimum by halving."""
    low, high = 0, len(numbers) - 1
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] > numbers[high]:
            low = middle + 1
        else:
            high = middle
    return low


@problem("A peak", lambda r: {"numbers": (a := ascending(r, 8))[: (k := r.randint(2, 6))] + a[k:][::-1]})
def peak(numbers):
    """The numbers ascend, then descend. Give the position of the largest by halving."""
    low, high = 0, len(numbers) - 1
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] < numbers[middle + 1]:
            low = middle + 1
        else:
            high = middle
    return low


@problem("Whole square root", lambda r: {"n": r.randint(40, 900)})
def square_root(n):
    """Give the largest whole number whose square is at most n, and how many numbers were tried by halving 0 to n, as
    [root, tried]; the middle is rounded up."""
    low, high, tried = 0, n, 0
    while low < high:
        middle = (low + high + 1) // 2
        tried += 1
        if middle * middle <= n:
            low = middle
        else:
            high = middle - 1
    return [low, tried]


@problem("Smallest ship", lambda r: {"weights": ints(r, 7, 1, 9), "days": 3})
def smallest_ship(weights, days):
    """Parcels are loaded in the given order, each day as many as the ship can carry. What is the smallest capacity with
    which all are gone within the days? Halve the range of capacities."""
    low, high = max(weights), sum(weights)
    while low < high:
        middle = (low + high) // 2
        needed, load = 1, 0
        for weight in weights:
            if load + weight > middle:
                needed += 1
                load = 0
            load += weight
        if needed <= days:
            high = middle
        else:
            low = middle + 1
    return low


@problem("Slowest reader", lambda r: {"pages": ints(r, 5, 3, 20), "hours": r.randint(8, 12)})
def slowest_reader(pages, hours):
    """A reader finishes at most p pages of one book in an hour, and starts no second book in the same hour. What is the
    smallest p with which all books are read in the given hours?"""
    low, high = 1, max(pages)
    while low < high:
        middle = (low + high) // 2
        needed = sum(-(-count // middle) for count in pages)
        if needed <= hours:
            high = middle
        else:
            low = middle + 1
    return low


def _staircase(r, rows, cols):
    table = [[0] * cols for _ in range(rows)]
    for i in range(rows):
        for j in range(cols):
            above = table[i - 1][j] if i else 0
            left = table[i][j - 1] if j else 0
            table[i][j] = max(above, left) + r.randint(1, 4)
    return table


@problem(
    "Search by stairs",
    lambda r: {"table": (t := _staircase(r, 4, 4)), "target": t[r.randrange(4)][r.randrange(4)]},
)
def staircase_search(table, target):
    """Rows and columns ascend strictly. Walk from the upper right corner, left where the number is too large, down where it is
    too small. Give the cells on the way as [row, col], up to the target."""
    row, col, way = 0, len(table[0]) - 1, []
    while row < len(table) and col >= 0:
        way.append([row, col])
        if table[row][col] == target:
            break
        if table[row][col] > target:
            col -= 1
        else:
            row += 1
    return way


@problem(
    "Merging intervals", lambda r: {"intervals": [[a, a + r.randint(1, 6)] for a in distinct(r, 6, 0, 25)]}
)
def merge_intervals(intervals):
    """Intervals [begin, end] that meet or overlap become one. Give the merged intervals by their beginning."""
    intervals.sort()
    merged = [intervals[0]]
    for begin, end in intervals[1:]:
        if begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return merged


@problem("Most meetings", lambda r: {"meetings": [[a, a + r.randint(1, 5)] for a in distinct(r, 7, 0, 18)]})
def most_meetings(meetings):
    """A room takes one meeting [begin, end] at a time; one may begin when another ends. Take them greedily by their end,
    then their beginning, and give those that are held."""
    held, free = [], None
    for begin, end in sorted(meetings, key=lambda meeting: (meeting[1], meeting[0])):
        if free is None or begin >= free:
            held.append([begin, end])
            free = end
    return held


@problem(
    "Rooms at the same time",
    lambda r: {"meetings": [[a, a + r.randint(2, 7)] for a in distinct(r, 7, 0, 15)]},
)
def rooms(meetings):
    """How many meetings [begin, end] take place at the same time at most? At its end a meeting has left its room."""
    begins = sorted(begin for begin, _ in meetings)
    ends = sorted(end for _, end in meetings)
    done = used = most = 0
    for begin in begins:
        while ends[done] <= begin:
            done += 1
            used -= 1
        used += 1
        most = max(most, used)
    return most


@problem(
    "Adding to ranges",
    lambda r: {"n": 8, "changes": [[*sorted(r.sample(range(8), 2)), r.randint(1, 9)] for _ in range(4)]},
)
def range_additions(n, changes):
    """Begin with n zeros. Each change [first, last, amount] adds to all positions of its range, both ends included. Give
    the final array; note each change at two places of an array of differences."""
    differences = [0] * (n + 1)
    for first, last, amount in changes:
        differences[first] += amount
        differences[last + 1] -= amount
    result, total = [], 0
    for i in range(n):
        total += differences[i]
        result.append(total)
    return result


@problem("Can the end be reached", lambda r: {"jumps": ints(r, 8, 0, 3)})
def jump_reach(jumps):
    """From position i one may jump up to jumps[i] places ahead. Give the farthest position that can be reached from 0, at
    most the last."""
    reach = 0
    for i in range(len(jumps)):
        if i > reach:
            break
        reach = max(reach, i + jumps[i])
    return min(reach, len(jumps) - 1)


@problem("Fewest jumps", lambda r: {"jumps": ints(r, 9, 1, 4)})
def fewest_jumps(jumps):
    """From position i one may jump up to jumps[i] places ahead. Give the fewest jumps from the first to the last
    position."""
    count = end = reach = 0
    for i in range(len(jumps) - 1):
        reach = max(reach, i + jumps[i])
        if i == end:
            count += 1
            end = reach
    return count


def _stations(r, n):
    cost = ints(r, n, 1, 5)
    gas = r.sample(cost, n)
    gas[r.randrange(n)] += 2
    return {"gas": gas, "cost": cost}


@problem("Round trip by car", lambda r: _stations(r, 6))
def gas_station(gas, cost):
    """Station i of a round course sells gas[i]; the way to the next takes cost[i]. The tank is empty at first. Give the
    first station from which a whole round is possible, found in one pass by restarting after each failure; -1 if none."""
    if sum(gas) < sum(cost):
        return -1
    start = tank = 0
    for i in range(len(gas)):
        tank += gas[i] - cost[i]
        if tank < 0:
            start, tank = i + 1, 0
    return start


@problem("Sharing sweets", lambda r: {"ratings": ints(r, 7, 1, 6)})
def sweets(ratings):
    """Children stand in a row. Each gets at least one sweet, and more than a neighbour with a lower rating. Give the
    smallest possible gifts in order: one pass to the right, one to the left."""
    gifts = [1] * len(ratings)
    for i in range(1, len(ratings)):
        if ratings[i] > ratings[i - 1]:
            gifts[i] = gifts[i - 1] + 1
    for i in range(len(ratings) - 2, -1, -1):
        if ratings[i] > ratings[i + 1]:
            gifts[i] = max(gifts[i], gifts[i + 1] + 1)
    return gifts
