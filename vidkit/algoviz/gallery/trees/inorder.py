"""In-order walk without recursion.

A stack remembers the way back up.
"""


class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val = val
        self.left = left
        self.right = right


root = TreeNode(1, None, TreeNode(2, TreeNode(3)))
out, stack, cur = [], [], root
while cur or stack:
    while cur:
        stack.append(cur)
        cur = cur.left
    cur = stack.pop()
    out.append(cur.val)
    cur = cur.right

print(out)
