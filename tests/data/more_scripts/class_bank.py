class Account:
    def __init__(self, owner, balance=0):
        self.owner, self.balance, self.history = owner, balance, []
    def deposit(self, n):
        self.balance += n
        self.history.append(("in", n))
a = Account("ann"); a.deposit(5); a.deposit(7)
