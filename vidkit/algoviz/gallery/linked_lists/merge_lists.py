"""Merge two linked lists.

The smaller head is linked next.
"""


class ListNode:
    def __init__(self, x):
        self.val = x
        self.next = None


def from_list(xs):
    dummy = tail = ListNode(0)
    for x in xs:
        tail.next = ListNode(x)
        tail = tail.next
    return dummy.next


def merge(l1, l2):
    dummy = ListNode(-1)
    cur = dummy
    while l1 and l2:
        if l1.val < l2.val:
            cur.next, l1 = l1, l1.next
        else:
            cur.next, l2 = l2, l2.next
        cur = cur.next
    cur.next = l1 or l2
    return dummy.next


m = merge(from_list([1, 3, 5]), from_list([2, 4]))

node = m
while node:
    print(node.val)
    node = node.next
