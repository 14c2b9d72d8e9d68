"""Hash tables: how they are made, and what they are good for."""

from collections import OrderedDict

from vidkit.bench.algoviz.tasks.making import distinct, ints, letters, problem


@problem("Buckets with chains", lambda r: {"keys": distinct(r, 8, 1, 60), "size": 5})
def chaining(keys, size):
    """Put each key at the end of bucket key mod size. Give all buckets."""
    table = [[] for _ in range(size)]
    for key in keys:
        table[key % size].append(key)
    return table


@problem("Linear probing", lambda r: {"keys": distinct(r, 6, 1, 60), "size": 8})
def linear_probing(keys, size):
    """Put each key at place key mod size or, if it is taken, at the next free one, wrapping round. Give the table, null
    for free places."""
    table = [None] * size
    for key in keys:
        place = key % size
        while table[place] is not None:
            place = (place + 1) % size
        table[place] = key
    return table


@problem("Quadratic probing", lambda r: {"keys": distinct(r, 5, 1, 60), "size": 11})
def quadratic_probing(keys, size):
    """Try places (key + i * i) mod size for i = 0, 1, 2 and so on. Give [table with null for free places, tries of each
    key]."""
    table, tries = [None] * size, []
    for key in keys:
        i = 0
        while table[(key + i * i) % size] is not None:
            i += 1
        table[(key + i * i) % size] = key
        tries.append(i + 1)
    return [table, tries]


@problem("Double hashing", lambda r: {"keys": distinct(r, 5, 1, 60), "size": 7})
def double_hashing(keys, size):
    """Begin at key mod size and go on in steps of 1 + key mod (size - 1), wrapping round, to a free place. Give the table,
    null for free places."""
    table = [None] * size
    for key in keys:
        place, step = key % size, 1 + key % (size - 1)
        while table[place] is not None:
            place = (place + step) % size
        table[place] = key
    return table


@problem("Growing table", lambda r: {"keys": distinct(r, 6, 1, 60)})
def growing_table(keys):
    """Begin with 2 buckets. If there are as many keys as buckets before an insertion, double the buckets and insert all
    old keys again, bucket by bucket. A key goes to the end of bucket key mod size. Give all buckets."""
    table = [[], []]
    for count in range(len(keys)):
        key = keys[count]
        if count == len(table):
            old, table = table, [[] for _ in range(2 * len(table))]
            for bucket in old:
                for other in bucket:
                    table[other % len(table)].append(other)
        table[key % len(table)].append(key)
    return table


@problem("Deleting with marks", lambda r: {"keys": [3, 11, 19, 5], "removed": 11, "searched": 19, "size": 8})
def deletion_marks(keys, removed, searched, size):
    """Insert the keys by linear probing at key mod size, replace the removed one by the mark "x", then look for the
    searched one: marks do not end a search, free places do. Give [table with null for free places, places looked at]."""
    table = [None] * size
    for key in keys:
        place = key % size
        while table[place] is not None:
            place = (place + 1) % size
        table[place] = key
    place = removed % size
    while table[place] != removed:
        place = (place + 1) % size
    table[place] = "x"
    looked, place = [], searched % size
    while table[place] is not None:
        looked.append(place)
        if table[place] == searched:
            break
        place = (place + 1) % size
    return [table, looked]


@problem("Hash of a text", lambda r: {"text": letters(r, 5, "abcdefgh"), "size": 101})
def polynomial_hash(text, size):
    """Begin with 0; for each letter multiply by 31, add its place in the alphabet (a = 1) and take the rest modulo size.
    Give all intermediate values."""
    value, steps = 0, []
    for letter in text:
        value = (value * 31 + ord(letter) - 96) % size
        steps.append(value)
    return steps


@problem("Counting letters", lambda r: {"text": letters(r, 10, "abcde")})
def letter_counts(text):
    """How often does each letter come? Give an object of letter and count."""
    counts = {}
    for letter in text:
        counts[letter] = counts.get(letter, 0) + 1
    return counts


@problem("Two numbers with a sum", lambda r: {"numbers": (a := distinct(r, 8)), "target": a[2] + a[6]})
def two_sum(numbers, target):
    """Give the positions [i, j] of two numbers with sum target, i < j, j as small as possible, with a table of what was
    seen."""
    seen = {}
    for j in range(len(numbers)):
        wanted = target - numbers[j]
        if wanted in seen:
            return [seen[wanted], j]
        seen[numbers[j]] = j
    return []


@problem(
    "Anagrams", lambda r: {"words": r.sample(["abc", "bca", "add", "dad", "cab", "eve", "dda", "vee"], 6)}
)
def anagrams(words):
    """Group words of the same letters: groups in the order of their first words, words in the order of the list."""
    groups = {}
    for word in words:
        key = "".join(sorted(word))
        if key not in groups:
            groups[key] = []
        groups[key].append(word)
    return list(groups.values())


@problem("First letter that comes once", lambda r: {"text": letters(r, 9, "abcde")})
def first_unique(text):
    """Give the position of the first letter that comes only once, -1 if there is none."""
    counts = {}
    for letter in text:
        counts[letter] = counts.get(letter, 0) + 1
    for i in range(len(text)):
        if counts[text[i]] == 1:
            return i
    return -1


@problem(
    "Longest chain of successors", lambda r: {"numbers": r.sample([*range(4, 8), *distinct(r, 4, 10, 20)], 8)}
)
def longest_chain(numbers):
    """Whatever their order: how many consecutive whole numbers are there at most? Begin a count only at numbers without
    a predecessor in the set."""
    known, best = set(numbers), 0
    for number in numbers:
        if number - 1 not in known:
            length = 1
            while number + length in known:
                length += 1
            best = max(best, length)
    return best


@problem(
    "Same pattern",
    lambda r: {
        "a": (t := letters(r, 6, "abc")),
        "b": t.translate(str.maketrans("abc", "xyz")) if r.random() < 0.6 else letters(r, 6, "xyz"),
    },
)
def same_pattern(a, b):
    """Can each letter of a be replaced by one of its own so that b results? Different letters need different ones. Give
    the object of replacements up to the first contradiction, in two tables kept together, as [possible, replacements]."""
    forth, back = {}, {}
    for i in range(len(a)):
        if forth.get(a[i], b[i]) != b[i] or back.get(b[i], a[i]) != a[i]:
            return [False, forth]
        forth[a[i]] = b[i]
        back[b[i]] = a[i]
    return [True, forth]


@problem("Close duplicates", lambda r: {"numbers": ints(r, 9, 1, 6), "k": 3})
def close_duplicates(numbers, k):
    """Give the first position whose number was also seen at most k places before, -1 if there is none."""
    last = {}
    for i in range(len(numbers)):
        if numbers[i] in last and i - last[numbers[i]] <= k:
            return i
        last[numbers[i]] = i
    return -1


@problem("Runs with a sum", lambda r: {"numbers": ints(r, 8, -3, 5), "target": 4})
def runs_with_sum(numbers, target):
    """How many runs of neighbouring numbers have the sum target? Count prefix sums in a table."""
    counts, total, found = {0: 1}, 0, 0
    for number in numbers:
        total += number
        found += counts.get(total - target, 0)
        counts[total] = counts.get(total, 0) + 1
    return found


@problem("Least recently used", lambda r: {"size": 3, "pages": ints(r, 9, 1, 5)})
def least_recently_used(size, pages):
    """A cache holds size pages. A page that is not there takes the place of the one that was not used for the longest
    time. Give [number of misses, pages in the cache from the least to the most recently used]."""
    cache, misses = OrderedDict(), 0
    for page in pages:
        if page in cache:
            cache.move_to_end(page)
        else:
            misses += 1
            if len(cache) == size:
                cache.popitem(last=False)
            cache[page] = True
    return [misses, list(cache)]


@problem("Most frequent numbers", lambda r: {"numbers": ints(r, 12, 1, 6), "k": 2})
def most_frequent(numbers, k):
    """Give the k most frequent numbers, the more frequent first, of equally frequent ones the smaller."""
    counts = {}
    for number in numbers:
        counts[number] = counts.get(number, 0) + 1
    return sorted(counts, key=lambda number: (-counts[number], number))[:k]


@problem("Sums of squared digits", lambda r: {"n": r.randint(10, 99)})
def squared_digits(n):
    """Replace n by the sum of the squares of its digits until a number comes a second time or is 1. Give all numbers in
    order, n first, the last one included."""
    seen, numbers = set(), [n]
    while n != 1 and n not in seen:
        seen.add(n)
        total = 0
        for digit in str(n):
            total += int(digit) ** 2
        n = total
        numbers.append(n)
    return numbers
