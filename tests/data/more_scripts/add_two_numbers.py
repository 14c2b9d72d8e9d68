class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next


def add_two_numbers(l1, l2):
    dummy = ListNode()
    cur = dummy
    carry = 0
    while l1 or l2 or carry:
        total = carry
        if l1:
            total += l1.val
            l1 = l1.next
        if l2:
            total += l2.val
            l2 = l2.next
        carry, digit = divmod(total, 10)
        cur.next = ListNode(digit)
        cur = cur.next
    return dummy.next


def build(values):
    head = None
    for v in reversed(values):
        head = ListNode(v, head)
    return head


res = add_two_numbers(build([2, 4, 3]), build([5, 6, 4]))
while res:
    print(res.val, end=" ")
    res = res.next
print()
