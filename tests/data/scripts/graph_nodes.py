class Vertex:
    def __init__(self, name):
        self.name = name
        self.neighbors = []
        self.color = "white"


def connect(a, b):
    a.neighbors.append(b)
    b.neighbors.append(a)


a, b, c, d = (Vertex(x) for x in "abcd")
connect(a, b)
connect(b, c)
connect(c, a)
connect(c, d)
stack = [a]
while stack:
    v = stack.pop()
    if v.color == "black":
        continue
    v.color = "black"
    print(v.name)
    for w in v.neighbors:
        if w.color == "white":
            stack.append(w)
