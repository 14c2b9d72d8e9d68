class Stack:
    def __init__(self):
        self.items = []
    def push(self, x):
        self.items.append(x)
    def pop(self):
        return self.items.pop()
    def empty(self):
        return not self.items
s = Stack()
for tok in "3 4 + 2 *".split():
    if tok.isdigit():
        s.push(int(tok))
    else:
        b, a = s.pop(), s.pop()
        s.push(a + b if tok == '+' else a * b)
print(s.pop())
