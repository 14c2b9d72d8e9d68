"""Binary search tree.

Smaller keys go left, larger ones right; in order they are sorted.
"""


class Node:
    def __init__(self, key):
        self.left = None
        self.right = None
        self.val = key


def insert(root, key):
    if root is None:
        return Node(key)
    if root.val == key:
        return root
    if root.val < key:
        root.right = insert(root.right, key)
    else:
        root.left = insert(root.left, key)
    return root


def inorder(root):
    if root:
        inorder(root.left)
        print(root.val, end=" ")
        inorder(root.right)


r = Node(50)
for k in [30, 20, 40, 70, 60, 80]:
    r = insert(r, k)
inorder(r)
