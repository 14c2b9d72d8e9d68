"""Depth of a tree.

One more than the depth of the deepest child.
"""


class TreeNode:
    def __init__(self, name):
        self.name = name
        self.children = []
        self.parent = None

    def add(self, child):
        child.parent = self
        self.children.append(child)
        return child


root = TreeNode("root")
usr = root.add(TreeNode("usr"))
bin_ = usr.add(TreeNode("bin"))
etc = root.add(TreeNode("etc"))


def depth(n):
    return 1 + max((depth(c) for c in n.children), default=0)


print(depth(root))
