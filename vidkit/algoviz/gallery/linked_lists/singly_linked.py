"""Singly linked list.

Append and delete.
"""


class Node:
    def __init__(self, value):
        self.value = value
        self.next = None


class LinkedList:
    def __init__(self):
        self.head = None

    def append(self, value):
        n = Node(value)
        if not self.head:
            self.head = n
            return
        cur = self.head
        while cur.next:
            cur = cur.next
        cur.next = n

    def delete(self, value):
        cur = self.head
        prev = None
        while cur and cur.value != value:
            prev, cur = cur, cur.next
        if cur is None:
            return
        if prev is None:
            self.head = cur.next
        else:
            prev.next = cur.next


ll = LinkedList()
for v in [1, 2, 3, 4]:
    ll.append(v)
ll.delete(3)
ll.delete(1)

node = ll.head
while node:
    print(node.value)
    node = node.next
