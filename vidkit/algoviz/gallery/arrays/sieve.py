"""Sieve of Eratosthenes.

Multiples of each prime are crossed out.
"""

n = 30
is_prime = [True] * (n + 1)
is_prime[0] = is_prime[1] = False
p = 2
while p * p <= n:
    if is_prime[p]:
        for i in range(p * p, n + 1, p):
            is_prime[i] = False
    p += 1
print([x for x in range(n + 1) if is_prime[x]])
