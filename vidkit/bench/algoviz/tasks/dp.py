"""Dynamic programming: tables filled from smaller cases."""

from vidkit.bench.algoviz.tasks.making import distinct, ints, letters, matrix, problem


@problem("Fibonacci numbers", lambda r: {"n": r.randint(7, 11)})
def fibonacci(n):
    """Give the table of Fibonacci numbers F(0) to F(n), with F(0) = 0 and F(1) = 1."""
    table = [0, 1] + [0] * (n - 1)
    for i in range(2, n + 1):
        table[i] = table[i - 1] + table[i - 2]
    return table


@problem("Climbing stairs", lambda r: {"n": r.randint(6, 10)})
def stairs(n):
    """In how many ways can n steps be climbed, one, two or three at a time?"""
    ways = [0] * (n + 1)
    ways[0] = 1
    for i in range(1, n + 1):
        for k in (1, 2, 3):
            if i >= k:
                ways[i] += ways[i - k]
    return ways[n]


@problem("Cheapest climb", lambda r: {"cost": ints(r, 8, 1, 9)})
def cheapest_climb(cost):
    """Standing on step i costs cost[i]. One may begin on step 0 or 1 and go up one or two steps at a time. What does it
    cost to get past the last step?"""
    total = [0] * (len(cost) + 1)
    for i in range(2, len(cost) + 1):
        total[i] = min(total[i - 1] + cost[i - 1], total[i - 2] + cost[i - 2])
    return total[len(cost)]


@problem("No two neighbours", lambda r: {"values": ints(r, 8, 1, 9)})
def no_neighbours(values):
    """Choose numbers of which no two are neighbours. Give the largest sum."""
    best = [0] * (len(values) + 2)
    for i in range(len(values)):
        best[i + 2] = max(best[i + 1], best[i] + values[i])
    return best[-1]


@problem("No two neighbours in a ring", lambda r: {"values": ints(r, 7, 1, 9)})
def no_neighbours_ring(values):
    """As on a line, but the first and the last number are neighbours, too: choose numbers of which no two are neighbours
    and give the largest sum."""
    results = []
    for part in (values[1:], values[:-1]):
        best = [0] * (len(part) + 2)
        for i in range(len(part)):
            best[i + 2] = max(best[i + 1], best[i] + part[i])
        results.append(best[-1])
    return max(results)


@problem(
    "Fewest coins", lambda r: {"coins": [1, *sorted(r.sample(range(3, 8), 2))], "amount": r.randint(9, 13)}
)
def fewest_coins(coins, amount):
    """Give the table of the fewest coins for every amount from 0 up; each coin may be used as often as you like."""
    fewest = [0] + [amount + 1] * amount
    for value in range(1, amount + 1):
        for coin in coins:
            if coin <= value:
                fewest[value] = min(fewest[value], fewest[value - coin] + 1)
    return fewest


@problem(
    "Ways to pay", lambda r: {"coins": [1, *sorted(r.sample(range(2, 6), 2))], "amount": r.randint(7, 10)}
)
def ways_to_pay(coins, amount):
    """In how many ways can the amount be paid? The order of coins does not matter."""
    ways = [1] + [0] * amount
    for coin in coins:
        for value in range(coin, amount + 1):
            ways[value] += ways[value - coin]
    return ways[amount]


@problem("Longest ascending subsequence", lambda r: {"numbers": distinct(r, 8)})
def longest_ascending(numbers):
    """For each position give the length of the longest strictly ascending subsequence that ends there."""
    length = [1] * len(numbers)
    for i in range(len(numbers)):
        for j in range(i):
            if numbers[j] < numbers[i]:
                length[i] = max(length[i], length[j] + 1)
    return length


@problem("Longest common subsequence", lambda r: {"a": letters(r, 5), "b": letters(r, 6)})
def common_subsequence(a, b):
    """How long is the longest sequence of letters that both texts contain in this order, not necessarily side by side?"""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            if a[i - 1] == b[j - 1]:
                table[i][j] = table[i - 1][j - 1] + 1
            else:
                table[i][j] = max(table[i - 1][j], table[i][j - 1])
    return table[-1][-1]


@problem("Longest common part", lambda r: {"a": letters(r, 6, "ab"), "b": letters(r, 6, "ab")})
def common_part(a, b):
    """How long is the longest run of neighbouring letters that both texts contain?"""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    best = 0
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            if a[i - 1] == b[j - 1]:
                table[i][j] = table[i - 1][j - 1] + 1
                best = max(best, table[i][j])
    return best


@problem("Edit distance", lambda r: {"a": letters(r, 4), "b": letters(r, 5)})
def edit_distance(a, b):
    """Insert, delete or replace a letter for 1 each. What does it cost at least to turn a into b?"""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            if i == 0 or j == 0:
                table[i][j] = i + j
            else:
                replaced = table[i - 1][j - 1] + (a[i - 1] != b[j - 1])
                table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, replaced)
    return table[-1][-1]


@problem(
    "Knapsack",
    lambda r: {"weights": ints(r, 4, 1, 5), "values": ints(r, 4, 1, 9), "capacity": r.randint(6, 8)},
)
def knapsack(weights, values, capacity):
    """Pack things of the given weights and values, each at most once, up to the capacity. Give the largest value."""
    table = [[0] * (capacity + 1) for _ in range(len(weights) + 1)]
    for i in range(1, len(weights) + 1):
        for room in range(capacity + 1):
            table[i][room] = table[i - 1][room]
            if weights[i - 1] <= room:
                table[i][room] = max(table[i][room], table[i - 1][room - weights[i - 1]] + values[i - 1])
    return table[-1][-1]


@problem(
    "Knapsack with repetition",
    lambda r: {"weights": r.sample(range(2, 6), 3), "values": ints(r, 3, 2, 9), "capacity": 9},
)
def knapsack_repeated(weights, values, capacity):
    """As many things of each kind as you like fit, up to the capacity. Give the largest value for every capacity from 0
    up."""
    best = [0] * (capacity + 1)
    for room in range(1, capacity + 1):
        for i in range(len(weights)):
            if weights[i] <= room:
                best[room] = max(best[room], best[room - weights[i]] + values[i])
    return best


@problem("Sums of subsets", lambda r: {"numbers": distinct(r, 4, 1, 7), "target": r.randint(8, 11)})
def subset_sums(numbers, target):
    """Which sums from 0 to target are sums of some of the numbers, each used at most once? Give them in ascending
    order."""
    possible = [True] + [False] * target
    for number in numbers:
        for total in range(target, number - 1, -1):
            if possible[total - number]:
                possible[total] = True
    return [total for total in range(target + 1) if possible[total]]


@problem("Fair division", lambda r: {"numbers": ints(r, 5, 1, 7)})
def fair_division(numbers):
    """Divide the numbers into two groups so that their sums differ as little as possible. Give the difference."""
    total = sum(numbers)
    reachable = [True] + [False] * total
    for number in numbers:
        for value in range(total, number - 1, -1):
            if reachable[value - number]:
                reachable[value] = True
    return min(abs(total - 2 * value) for value in range(total + 1) if reachable[value])


@problem(
    "Paths round obstacles",
    lambda r: {"grid": [[0, 0, 0, 0], [0, 0, 1, 0], [0, r.randint(0, 1), 0, 0], [r.randint(0, 1), 0, 0, 0]]},
)
def obstacle_paths(grid):
    """From the upper left cell go right or down to the lower right one, never onto a 1. In how many ways?"""
    ways = [[0] * len(grid[0]) for _ in grid]
    for row in range(len(grid)):
        for col in range(len(grid[0])):
            if grid[row][col] == 1:
                continue
            if row == 0 and col == 0:
                ways[row][col] = 1
            if row > 0:
                ways[row][col] += ways[row - 1][col]
            if col > 0:
                ways[row][col] += ways[row][col - 1]
    return ways[-1][-1]


@problem("Cheapest path", lambda r: {"grid": matrix(r, 4, 4, 1, 9)})
def cheapest_path(grid):
    """From the upper left cell go right or down to the lower right one; the cells on the way, both ends included, are
    paid. Give the smallest price."""
    cost = [[0] * len(grid[0]) for _ in grid]
    for row in range(len(grid)):
        for col in range(len(grid[0])):
            options = []
            if row > 0:
                options.append(cost[row - 1][col])
            if col > 0:
                options.append(cost[row][col - 1])
            cost[row][col] = grid[row][col] + (min(options) if options else 0)
    return cost[-1][-1]


@problem("Down a triangle", lambda r: {"triangle": [ints(r, n, 1, 9) for n in range(1, 5)]})
def triangle_path(triangle):
    """Go from the top to the last row, each time to one of the two nearest numbers below. Give the largest sum."""
    best = [list(row) for row in triangle]
    for row in range(len(best) - 2, -1, -1):
        for i in range(row + 1):
            best[row][i] += max(best[row + 1][i], best[row + 1][i + 1])
    return best[0][0]


@problem(
    "Largest square of ones",
    lambda r: {"grid": [[int(r.random() < 0.75) for _ in range(5)] for _ in range(4)]},
)
def largest_square(grid):
    """Give the side of the largest square that holds only ones."""
    side = [[0] * len(grid[0]) for _ in grid]
    best = 0
    for row in range(len(grid)):
        for col in range(len(grid[0])):
            if grid[row][col] == 1:
                if row == 0 or col == 0:
                    side[row][col] = 1
                else:
                    side[row][col] = 1 + min(side[row - 1][col], side[row][col - 1], side[row - 1][col - 1])
                best = max(best, side[row][col])
    return best


@problem("Longest palindromic subsequence", lambda r: {"text": letters(r, 6, "abc")})
def palindromic_subsequence(text):
    """How long is the longest sequence of letters in the text, in order and not necessarily side by side, that reads the
    same backwards?"""
    n = len(text)
    table = [[0] * n for _ in range(n)]
    for i in range(n - 1, -1, -1):
        table[i][i] = 1
        for j in range(i + 1, n):
            if text[i] == text[j]:
                table[i][j] = 2 + (table[i + 1][j - 1] if j > i + 1 else 0)
            else:
                table[i][j] = max(table[i + 1][j], table[i][j - 1])
    return table[0][n - 1]


@problem("Longest palindrome", lambda r: {"text": letters(r, 7, "ab")})
def longest_palindrome(text):
    """Give the longest run of neighbouring letters that reads the same backwards, the first one of several."""
    n = len(text)
    is_one = [[False] * n for _ in range(n)]
    best = ""
    for length in range(1, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            if text[i] == text[j] and (length < 3 or is_one[i + 1][j - 1]):
                is_one[i][j] = True
                if length > len(best):
                    best = text[i : j + 1]
    return best


@problem(
    "Splitting into words",
    lambda r: {
        "text": "".join(r.choice(["ab", "c", "abc", "ca"]) for _ in range(3)),
        "words": ["ab", "c", "abc", "ca"],
    },
)
def word_split(text, words):
    """In how many ways can the text be split into words of the list?"""
    ways = [1] + [0] * len(text)
    for end in range(1, len(text) + 1):
        for word in words:
            if end >= len(word) and text[end - len(word) : end] == word:
                ways[end] += ways[end - len(word)]
    return ways[-1]


@problem(
    "Decoding digits", lambda r: {"digits": "".join(str(r.choice([1, 1, 2, 2, 3, 7])) for _ in range(6))}
)
def decodings(digits):
    """A to Z are written as 1 to 26 without separators. In how many ways can the digits be read?"""
    ways = [1] + [0] * len(digits)
    for i in range(1, len(digits) + 1):
        if digits[i - 1] != "0":
            ways[i] += ways[i - 1]
        if i > 1 and 10 <= int(digits[i - 2 : i]) <= 26:
            ways[i] += ways[i - 2]
    return ways[-1]


@problem("Chain of matrices", lambda r: {"sizes": ints(r, 5, 2, 9)})
def matrix_chain(sizes):
    """Matrix i has sizes[i] rows and sizes[i + 1] columns; multiplying p by q with q by s takes p q s products. How many
    are needed at least for the whole chain?"""
    n = len(sizes) - 1
    cost = [[0] * n for _ in range(n)]
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            cost[i][j] = min(
                cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)
            )
    return cost[0][n - 1]


@problem("Cutting a rod", lambda r: {"prices": sorted(ints(r, 6, 1, 14))})
def rod(prices):
    """A piece of length i + 1 sells for prices[i]. A rod is as long as there are prices. Give the best proceeds for every
    length from 0 up."""
    best = [0] * (len(prices) + 1)
    for length in range(1, len(prices) + 1):
        for cut in range(1, length + 1):
            best[length] = max(best[length], prices[cut - 1] + best[length - cut])
    return best


@problem("How often is it contained", lambda r: {"text": letters(r, 7, "ab"), "part": letters(r, 2, "ab")})
def occurrences(text, part):
    """In how many ways can part be obtained by deleting letters of the text?"""
    ways = [[0] * (len(text) + 1) for _ in range(len(part) + 1)]
    for j in range(len(text) + 1):
        ways[0][j] = 1
    for i in range(1, len(part) + 1):
        for j in range(1, len(text) + 1):
            ways[i][j] = ways[i][j - 1]
            if part[i - 1] == text[j - 1]:
                ways[i][j] += ways[i - 1][j - 1]
    return ways[-1][-1]


@problem("Counting search trees", lambda r: {"n": r.randint(4, 6)})
def search_trees(n):
    """How many binary search trees with i keys are there? Give the table for i = 0 to n."""
    count = [1] + [0] * n
    for keys in range(1, n + 1):
        for left in range(keys):
            count[keys] += count[left] * count[keys - 1 - left]
    return count


@problem("Signs for a sum", lambda r: {"numbers": (a := ints(r, 5, 1, 4)), "target": sum(a) - 2 * a[0]})
def signs(numbers, target):
    """Put + or - before each number. In how many ways is the sum target?"""
    ways = {0: 1}
    for number in numbers:
        following = {}
        for total, count in ways.items():
            for value in (total + number, total - number):
                following[value] = following.get(value, 0) + count
        ways = following
    return ways.get(target, 0)


@problem("Pascal's triangle", lambda r: {"rows": r.randint(5, 6)})
def pascal(rows):
    """Give the first rows of Pascal's triangle, a list a row."""
    triangle = []
    for n in range(rows):
        row = [1] * (n + 1)
        for k in range(1, n):
            row[k] = triangle[n - 1][k - 1] + triangle[n - 1][k]
        triangle.append(row)
    return triangle
