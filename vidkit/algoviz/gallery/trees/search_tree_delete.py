"""Deletion from a search tree.

A node with two children takes the next larger key.
"""


class Node:
    def __init__(self, data):
        self.data = data
        self.left = self.right = None


class BST:
    def __init__(self):
        self.root = None

    def insert(self, data):
        if self.root is None:
            self.root = Node(data)
            return
        cur = self.root
        while True:
            if data < cur.data:
                if cur.left is None:
                    cur.left = Node(data)
                    break
                cur = cur.left
            else:
                if cur.right is None:
                    cur.right = Node(data)
                    break
                cur = cur.right

    def delete(self, data):
        self.root = self._delete(self.root, data)

    def _delete(self, node, data):
        if node is None:
            return None
        if data < node.data:
            node.left = self._delete(node.left, data)
        elif data > node.data:
            node.right = self._delete(node.right, data)
        else:
            if node.left is None:
                return node.right
            if node.right is None:
                return node.left
            m = node.right
            while m.left:
                m = m.left
            node.data = m.data
            node.right = self._delete(node.right, m.data)
        return node


t = BST()
for x in [8, 3, 10, 1, 6, 14, 4, 7]:
    t.insert(x)
t.delete(3)
t.delete(8)


def keys(node):
    return [*keys(node.left), node.data, *keys(node.right)] if node else []


print(keys(t.root))
