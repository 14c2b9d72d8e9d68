"""Reverse a linked list.

Each link is turned round.
"""


class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next


def reverse_list(head):
    prev = None
    curr = head
    while curr:
        nxt = curr.next
        curr.next = prev
        prev = curr
        curr = nxt
    return prev


head = ListNode(1, ListNode(2, ListNode(3, ListNode(4))))
head = reverse_list(head)
node = head
while node:
    print(node.val)
    node = node.next
