"""Trees: as values level by level, null where there is no child."""

from collections import deque

from vidkit.bench.algoviz.tasks.making import distinct, ints, letters, problem, search_tree, tree


class Node:
    """A node of a binary tree."""

    def __init__(self, value):
        self.value = value
        self.left = None
        self.right = None


def build(values):
    """The tree of values given level by level, None where there is no child."""
    if not values:
        return None
    root = Node(values[0])
    row, i = deque([root]), 1
    while row and i < len(values):
        node = row.popleft()
        for side in ("left", "right"):
            if i < len(values):
                if values[i] is not None:
                    child = Node(values[i])
                    setattr(node, side, child)
                    row.append(child)
                i += 1
    return root


HELPERS = (Node, build)
_LEVELS = "The tree is given level by level; null means no child there, and children of null are left out. "


@problem("Preorder", lambda r: {"values": tree(r, 7)})
def preorder(values):
    """Visit each node before its left and its right subtree. Give the values in that order."""
    root, order = build(values), []

    def visit(node):
        if node is None:
            return
        order.append(node.value)
        visit(node.left)
        visit(node.right)

    visit(root)
    return order


@problem("Inorder with a stack", lambda r: {"values": search_tree(r, 7)})
def inorder(values):
    """Visit each node between its left and its right subtree, with a stack instead of recursion. Give the values in that
    order."""
    node, stack, order = build(values), [], []
    while node is not None or stack:
        while node is not None:
            stack.append(node)
            node = node.left
        node = stack.pop()
        order.append(node.value)
        node = node.right
    return order


@problem("Postorder", lambda r: {"values": tree(r, 7)})
def postorder(values):
    """Visit each node after its left and its right subtree. Give the values in that order."""
    root, order = build(values), []

    def visit(node):
        if node is None:
            return
        visit(node.left)
        visit(node.right)
        order.append(node.value)

    visit(root)
    return order


@problem("Level by level", lambda r: {"values": tree(r, 8)})
def level_order(values):
    """Give the values of each level from left to right, a list a level."""
    row, levels = deque([build(values)]), []
    while row:
        levels.append([])
        for _ in range(len(row)):
            node = row.popleft()
            levels[-1].append(node.value)
            if node.left is not None:
                row.append(node.left)
            if node.right is not None:
                row.append(node.right)
    return levels


@problem("Zigzag through the levels", lambda r: {"values": tree(r, 8)})
def zigzag_levels(values):
    """Give the values of each level, a list a level: the first from left to right, the next from right to left, and so
    on."""
    row, levels = [build(values)], []
    while row:
        numbers = [node.value for node in row]
        levels.append(numbers if len(levels) % 2 == 0 else numbers[::-1])
        row = [child for node in row for child in (node.left, node.right) if child is not None]
    return levels


@problem("Seen from the right", lambda r: {"values": tree(r, 8)})
def right_view(values):
    """Give the rightmost value of every level, from the root down."""
    row, view = deque([build(values)]), []
    while row:
        view.append(row[-1].value)
        for _ in range(len(row)):
            node = row.popleft()
            if node.left is not None:
                row.append(node.left)
            if node.right is not None:
                row.append(node.right)
    return view


@problem("Height of every subtree", lambda r: {"values": tree(r, 7)})
def heights(values):
    """A leaf has height 1. Give the heights of the subtrees of all nodes in postorder."""
    found = []

    def height(node):
        if node is None:
            return 0
        here = 1 + max(height(node.left), height(node.right))
        found.append(here)
        return here

    height(build(values))
    return found


@problem("Nearest leaf", lambda r: {"values": tree(r, 7)})
def nearest_leaf(values):
    """How many nodes are on the shortest way from the root to a leaf, both included?"""
    row, depth = deque([build(values)]), 1
    while row:
        for _ in range(len(row)):
            node = row.popleft()
            if node.left is None and node.right is None:
                return depth
            if node.left is not None:
                row.append(node.left)
            if node.right is not None:
                row.append(node.right)
        depth += 1
    return depth


@problem("Leaves from left to right", lambda r: {"values": tree(r, 8)})
def leaves(values):
    """Give the values of the leaves from left to right."""
    stack, found = [build(values)], []
    while stack:
        node = stack.pop()
        if node.left is None and node.right is None:
            found.append(node.value)
        if node.right is not None:
            stack.append(node.right)
        if node.left is not None:
            stack.append(node.left)
    return found


@problem("Longest way in a tree", lambda r: {"values": tree(r, 8)})
def diameter(values):
    """How many edges has the longest path between two nodes of the tree?"""
    best = 0

    def height(node):
        nonlocal best
        if node is None:
            return 0
        left, right = height(node.left), height(node.right)
        best = max(best, left + right)
        return 1 + max(left, right)

    height(build(values))
    return best


@problem("Is it balanced", lambda r: {"values": tree(r, 7)})
def balanced(values):
    """Give the value of the first node in postorder whose subtrees differ by more than 1 in height, null if there is
    none."""
    first = []

    def height(node):
        if node is None:
            return 0
        left, right = height(node.left), height(node.right)
        if abs(left - right) > 1:
            first.append(node.value)
        return 1 + max(left, right)

    height(build(values))
    return first[0] if first else None


@problem("Mirror image", lambda r: {"values": tree(r, 7)})
def mirror(values):
    """Exchange the subtrees of every node. Give the values of the result in inorder."""
    root, order = build(values), []

    def turn(node):
        if node is None:
            return
        node.left, node.right = node.right, node.left
        turn(node.left)
        turn(node.right)

    def visit(node):
        if node is not None:
            visit(node.left)
            order.append(node.value)
            visit(node.right)

    turn(root)
    visit(root)
    return order


@problem("Sums of all ways down", lambda r: {"values": tree(r, 7, 1, 9)})
def path_sums(values):
    """Give the sum of every path from the root to a leaf, leaves from left to right."""
    sums = []

    def go_down(node, total):
        total += node.value
        if node.left is None and node.right is None:
            sums.append(total)
        if node.left is not None:
            go_down(node.left, total)
        if node.right is not None:
            go_down(node.right, total)

    go_down(build(values), 0)
    return sums


@problem(
    "Largest sum of a path", lambda r: {"values": [v if v is None else v - 6 for v in tree(r, 7, 1, 14)]}
)
def largest_path(values):
    """A path leads from any node to any other along edges, or is a single node. Give the largest sum of its values."""
    root = build(values)
    best = root.value

    def gain(node):
        nonlocal best
        if node is None:
            return 0
        left, right = max(0, gain(node.left)), max(0, gain(node.right))
        best = max(best, node.value + left + right)
        return node.value + max(left, right)

    gain(root)
    return best


@problem(
    "Search in a search tree",
    lambda r: {"values": (v := search_tree(r, 8)), "key": r.choice([n for n in v if n is not None])},
)
def tree_search(values, key):
    """Search for the key in the binary search tree. Give the values on the way, key included."""
    node, way = build(values), []
    while node is not None:
        way.append(node.value)
        if node.value == key:
            break
        node = node.left if key < node.value else node.right
    return way


@problem(
    "Common ancestor in a search tree",
    lambda r: {"values": (v := search_tree(r, 8)), "keys": r.sample([n for n in v if n is not None], 2)},
)
def common_ancestor(values, keys):
    """Give the value of the lowest node of the binary search tree that has both keys in its subtree, itself included."""
    node, (low, high) = build(values), sorted(keys)
    while True:
        if high < node.value:
            node = node.left
        elif low > node.value:
            node = node.right
        else:
            return node.value


@problem("Insertion into a search tree", lambda r: {"keys": distinct(r, 7)})
def insert_keys(keys):
    """Insert the keys into an empty binary search tree. Give the depth at which each arrives, the root having 0."""
    root, depths = None, []
    for key in keys:
        new, depth = Node(key), 0
        if root is None:
            root = new
        else:
            node = root
            while True:
                depth += 1
                side = "left" if key < node.value else "right"
                following = getattr(node, side)
                if following is None:
                    setattr(node, side, new)
                    break
                node = following
        depths.append(depth)
    return depths


@problem("Is it a search tree", lambda r: {"values": search_tree(r, 7) if r.random() < 0.4 else tree(r, 7)})
def is_search_tree(values):
    """All values of a left subtree are to be smaller, all of a right one greater than the node's. Give the first node in
    preorder that breaks the bounds of its ancestors, null if there is none."""
    stack = [(build(values), None, None)]
    while stack:
        node, low, high = stack.pop()
        if (low is not None and node.value <= low) or (high is not None and node.value >= high):
            return node.value
        if node.right is not None:
            stack.append((node.right, node.value, high))
        if node.left is not None:
            stack.append((node.left, low, node.value))
    return None


@problem(
    "Prefix tree",
    lambda r: {
        "words": [letters(r, r.randint(2, 4), "ab") for _ in range(4)],
        "prefixes": ["a", "ab", "ba", "bb"],
    },
)
def prefix_tree(words, prefixes):
    """Insert the words into a prefix tree and count at each node how many words pass it. Give, for each prefix, how many
    words begin with it."""
    root = {"count": 0}
    for word in words:
        node = root
        for letter in word:
            if letter not in node:
                node[letter] = {"count": 0}
            node = node[letter]
            node["count"] += 1
    result = []
    for prefix in prefixes:
        node = root
        for letter in prefix:
            node = node.get(letter) if node else None
        result.append(node["count"] if node else 0)
    return result


@problem(
    "Tree of sums", lambda r: {"numbers": ints(r, 8, 1, 9), "first": r.randint(1, 2), "last": r.randint(4, 6)}
)
def segment_tree(numbers, first, last):
    """The number of elements is a power of two. Build the segment tree of sums in an array: root at 1, children of i at
    2i and 2i + 1, 0 at place 0. Give [tree, sum from first to last, both included]."""
    n = len(numbers)
    sums = [0] * n + numbers
    for i in range(n - 1, 0, -1):
        sums[i] = sums[2 * i] + sums[2 * i + 1]
    total, low, high = 0, first + n, last + n + 1
    while low < high:
        if low % 2 == 1:
            total += sums[low]
            low += 1
        if high % 2 == 1:
            high -= 1
            total += sums[high]
        low //= 2
        high //= 2
    return [sums, total]


@problem("Fenwick tree", lambda r: {"numbers": ints(r, 7, 1, 9), "place": r.randint(3, 6)})
def fenwick_tree(numbers, place):
    """Build a Fenwick tree by adding the numbers one by one, places counted from 1, 0 at place 0. Give [tree, sum of the
    first place numbers]."""
    sums = [0] * (len(numbers) + 1)
    for i in range(len(numbers)):
        j = i + 1
        while j < len(sums):
            sums[j] += numbers[i]
            j += j & -j
    total = 0
    while place > 0:
        total += sums[place]
        place -= place & -place
    return [sums, total]
