from functools import lru_cache
@lru_cache(maxsize=None)
def ways(n, k):
    if n == 0: return 1
    if n < 0 or k == 0: return 0
    return ways(n - coins[k - 1], k) + ways(n, k - 1)
coins = [1, 2, 5]
print(ways(5, 3))
