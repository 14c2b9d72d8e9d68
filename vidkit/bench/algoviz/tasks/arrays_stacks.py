"""Arrays: stacks and queues, permutations, backtracking, bits, numbers."""

from collections import deque

from vidkit.bench.algoviz.tasks.making import distinct, ints, letters, problem


@problem("Next greater number", lambda r: {"numbers": ints(r, 8)})
def next_greater(numbers):
    """For each number give the first greater one to its right, -1 if there is none, with a stack of positions that still
    wait."""
    result, stack = [-1] * len(numbers), []
    for i in range(len(numbers)):
        while stack and numbers[stack[-1]] < numbers[i]:
            result[stack.pop()] = numbers[i]
        stack.append(i)
    return result


@problem("Days until it is warmer", lambda r: {"temperatures": ints(r, 8, 10, 30)})
def warmer_days(temperatures):
    """For each day: how many days later is it warmer for the first time? 0 if never."""
    result, stack = [0] * len(temperatures), []
    for day in range(len(temperatures)):
        while stack and temperatures[stack[-1]] < temperatures[day]:
            earlier = stack.pop()
            result[earlier] = day - earlier
        stack.append(day)
    return result


@problem("Span of a price", lambda r: {"prices": ints(r, 8)})
def price_spans(prices):
    """The span of a day is the number of days in a row, up to and including it, with prices of at most its own. Give all
    spans."""
    spans, stack = [], []
    for day in range(len(prices)):
        while stack and prices[stack[-1]] <= prices[day]:
            stack.pop()
        spans.append(day + 1 if not stack else day - stack[-1])
        stack.append(day)
    return spans


@problem("Largest rectangle in a histogram", lambda r: {"heights": ints(r, 7, 1, 7)})
def histogram(heights):
    """Bars of width 1 stand side by side. Give the area of the largest rectangle within them."""
    stack, best = [], 0
    for i in range(len(heights) + 1):
        height = heights[i] if i < len(heights) else 0
        while stack and heights[stack[-1]] >= height:
            top = heights[stack.pop()]
            begin = stack[-1] + 1 if stack else 0
            best = max(best, top * (i - begin))
        stack.append(i)
    return best


@problem("Brackets", lambda r: {"text": r.choice(["{[()]}[]", "([)]{}", "((([])", "[{()}]()"])})
def brackets(text):
    """Do all brackets close the one that was opened last? Give the position of the first one that does not fit, the
    length of the text if some stay open, -1 if all is well."""
    pairs, stack = {")": "(", "]": "[", "}": "{"}, []
    for i in range(len(text)):
        if text[i] not in pairs:
            stack.append(text[i])
        elif stack and stack[-1] == pairs[text[i]]:
            stack.pop()
        else:
            return i
    return len(text) if stack else -1


@problem(
    "Reverse Polish notation",
    lambda r: {"tokens": [*map(str, ints(r, 3, 2, 9)), "+", "*", str(r.randint(1, 9)), "-"]},
)
def polish(tokens):
    """Compute the expression: numbers go on a stack, an operator (+, -, *) takes the two on top."""
    stack = []
    for token in tokens:
        if token in ("+", "-", "*"):
            right = stack.pop()
            left = stack.pop()
            if token == "+":
                stack.append(left + right)
            elif token == "-":
                stack.append(left - right)
            else:
                stack.append(left * right)
        else:
            stack.append(int(token))
    return stack.pop()


@problem(
    "Stack with a minimum",
    lambda r: {"steps": [["push", n] for n in ints(r, 4, 1, 9)] + [["pop"], ["push", 3], ["pop"], ["pop"]]},
)
def minimum_stack(steps):
    """Carry out ["push", number] and ["pop"]. Beside each number keep the minimum of all below. Give the minimum after
    each step, null for an empty stack."""
    stack, minima = [], []
    for step in steps:
        if step[0] == "push":
            least = min(step[1], stack[-1][1]) if stack else step[1]
            stack.append((step[1], least))
        else:
            stack.pop()
        minima.append(stack[-1][1] if stack else None)
    return minima


@problem("Queue of two stacks", lambda r: {"steps": [1, 2, None, 3, None, None, 4, None]})
def two_stacks(steps):
    """A number joins the queue, null takes its head. Use two stacks: one takes what comes, the other, when empty, gets
    all of it turned round. Give what leaves, and the total number of moves from one stack to the other, as [left, moves]."""
    incoming, outgoing, left, moves = [], [], [], 0
    for step in steps:
        if step is not None:
            incoming.append(step)
            continue
        if not outgoing:
            while incoming:
                outgoing.append(incoming.pop())
                moves += 1
        left.append(outgoing.pop())
    return [left, moves]


@problem("Ring buffer", lambda r: {"size": 4, "numbers": ints(r, 7)})
def ring_buffer(size, numbers):
    """Write the numbers into a ring of the given size, beginning at place 0; when it is full, the oldest is overwritten.
    Give the ring as it lies in memory, and the place of its oldest number, as [ring, oldest]."""
    ring, start, count = [None] * size, 0, 0
    for number in numbers:
        ring[(start + count) % size] = number
        if count < size:
            count += 1
        else:
            start = (start + 1) % size
    return [ring, start]


@problem("Counting out", lambda r: {"n": r.randint(6, 8), "k": r.randint(2, 4)})
def counting_out(n, k):
    """People 1 to n stand in a ring; every k-th leaves until nobody is left. Give the order in which they leave, with a
    queue that turns."""
    ring, order = deque(range(1, n + 1)), []
    while ring:
        for _ in range(k - 1):
            ring.append(ring.popleft())
        order.append(ring.popleft())
    return order


@problem(
    "Folding neighbours away",
    lambda r: {"text": "".join(r.choice(["aa", "bb", "a", "b", "cc", "abba"]) for _ in range(6))},
)
def fold_pairs(text):
    """Go through the letters with a stack: a letter equal to the top removes it, and itself, otherwise it goes on top.
    Give what stays."""
    stack = []
    for letter in text:
        if stack and stack[-1] == letter:
            stack.pop()
        else:
            stack.append(letter)
    return "".join(stack)


@problem("Smallest number after leaving digits out", lambda r: {"digits": ints(r, 7, 1, 9), "k": 3})
def leave_out(digits, k):
    """Leave out k digits so that the remaining ones, in their order, make the smallest number; give them. Larger digits
    before a smaller one go first."""
    stack, left = [], k
    for digit in digits:
        while left and stack and stack[-1] > digit:
            stack.pop()
            left -= 1
        stack.append(digit)
    return stack[: len(digits) - k]


@problem("Next permutation", lambda r: {"numbers": r.sample(range(1, 6), 5)})
def next_permutation(numbers):
    """Give the next permutation in lexicographic order, after the last one the first."""
    i = len(numbers) - 2
    while i >= 0 and numbers[i] > numbers[i + 1]:
        i -= 1
    if i >= 0:
        j = len(numbers) - 1
        while numbers[j] < numbers[i]:
            j -= 1
        numbers[i], numbers[j] = numbers[j], numbers[i]
    left, right = i + 1, len(numbers) - 1
    while left < right:
        numbers[left], numbers[right] = numbers[right], numbers[left]
        left += 1
        right -= 1
    return numbers


@problem("All subsets", lambda r: {"numbers": sorted(distinct(r, 3, 1, 9))})
def subsets(numbers):
    """List all subsets by backtracking: at each number first with it, then without it."""
    result, chosen = [], []

    def choose(i):
        if i == len(numbers):
            result.append(list(chosen))
            return
        chosen.append(numbers[i])
        choose(i + 1)
        chosen.pop()
        choose(i + 1)

    choose(0)
    return result


@problem("All permutations", lambda r: {"numbers": sorted(distinct(r, 3, 1, 9))})
def permutations(numbers):
    """List all orders of the numbers, which are ascending, in lexicographic order, by backtracking."""
    result, order, used = [], [], [False] * len(numbers)

    def place():
        if len(order) == len(numbers):
            result.append(list(order))
            return
        for i in range(len(numbers)):
            if not used[i]:
                used[i] = True
                order.append(numbers[i])
                place()
                order.pop()
                used[i] = False

    place()
    return result


@problem("Sums with repetition", lambda r: {"numbers": ascending_small(r), "target": r.randint(7, 9)})
def combinations(numbers, target):
    """The numbers are ascending. List all ways to write target as an ascending sum of them; each may be used as often as
    you like. Prefer smaller numbers first."""
    result, chosen = [], []

    def choose(start, left):
        if left == 0:
            result.append(list(chosen))
            return
        for i in range(start, len(numbers)):
            if numbers[i] > left:
                break
            chosen.append(numbers[i])
            choose(i, left - numbers[i])
            chosen.pop()

    choose(0, target)
    return result


def ascending_small(r):
    return sorted(r.sample(range(2, 7), 3))


@problem("Queens on a board", lambda r: {"n": r.randint(4, 5)})
def queens(n):
    """Place n queens on an n by n board so that none attacks another, row by row, trying columns from the left. Give the
    columns of the first solution."""
    columns = []

    def place(row):
        if row == n:
            return True
        for column in range(n):
            safe = True
            for other in range(row):
                if columns[other] == column or abs(columns[other] - column) == row - other:
                    safe = False
                    break
            if safe:
                columns.append(column)
                if place(row + 1):
                    return True
                columns.pop()
        return False

    place(0)
    return columns


@problem("Missing number", lambda r: {"numbers": r.sample(range(9), 8)})
def missing(numbers):
    """The array has all numbers from 0 to n but one. Find it by exclusive or of all positions, n, and all numbers."""
    value = len(numbers)
    for i in range(len(numbers)):
        value ^= i ^ numbers[i]
    return value


@problem("The number that comes once", lambda r: {"numbers": r.sample((a := distinct(r, 4)) + a + [31], 9)})
def single(numbers):
    """Every number comes twice but one. Give all intermediate results of the exclusive or from the left."""
    value, steps = 0, []
    for number in numbers:
        value ^= number
        steps.append(value)
    return steps


@problem("First missing positive number", lambda r: {"numbers": r.sample(range(-2, 9), 7)})
def first_missing(numbers):
    """Swap each number v from 1 to n to place v - 1, then give the smallest positive number that is missing."""
    n = len(numbers)
    for i in range(n):
        while 1 <= numbers[i] <= n and numbers[numbers[i] - 1] != numbers[i]:
            j = numbers[i] - 1
            numbers[i], numbers[j] = numbers[j], numbers[i]
    for i in range(n):
        if numbers[i] != i + 1:
            return i + 1
    return n + 1


@problem("Duplicate by two runners", lambda r: {"numbers": r.sample([*range(1, 7), r.randint(1, 6)], 7)})
def duplicate(numbers):
    """n + 1 numbers lie between 1 and n. Follow them as links from place 0: a slow and a fast runner meet, then a second
    slow one from the start meets the first at the number that comes twice."""
    slow = fast = 0
    while True:
        slow = numbers[slow]
        fast = numbers[numbers[fast]]
        if slow == fast:
            break
    start = 0
    while start != slow:
        start = numbers[start]
        slow = numbers[slow]
    return start


@problem("Adding one", lambda r: {"digits": [r.randint(1, 9), r.randint(0, 9), 9, 9]})
def add_one(digits):
    """The digits of a number stand from left to right. Add one, with the carries, and give the digits."""
    i = len(digits) - 1
    while i >= 0 and digits[i] == 9:
        digits[i] = 0
        i -= 1
    if i < 0:
        digits.insert(0, 1)
    else:
        digits[i] += 1
    return digits


@problem("Sieve of Eratosthenes", lambda r: {"n": r.randint(20, 30)})
def sieve(n):
    """Give the primes up to n: strike out the multiples of each prime, from its square on."""
    prime = [True] * (n + 1)
    prime[0] = prime[1] = False
    p = 2
    while p * p <= n:
        if prime[p]:
            for multiple in range(p * p, n + 1, p):
                prime[multiple] = False
        p += 1
    return [i for i in range(n + 1) if prime[i]]


@problem(
    "Run lengths", lambda r: {"text": "".join(letter * r.randint(1, 4) for letter in letters(r, 5, "abc"))}
)
def run_lengths(text):
    """Give [letter, length] of every run of equal letters, in order."""
    runs = []
    for letter in text:
        if runs and runs[-1][0] == letter:
            runs[-1][1] += 1
        else:
            runs.append([letter, 1])
    return runs
