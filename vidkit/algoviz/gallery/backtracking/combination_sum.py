"""Combinations with a sum.

A number may be taken again, or left for good.
"""


def combination_sum(candidates, target):
    out = []

    def dfs(i, cur, total):
        if total == target:
            out.append(cur.copy())
            return
        if i >= len(candidates) or total > target:
            return
        cur.append(candidates[i])
        dfs(i, cur, total + candidates[i])
        cur.pop()
        dfs(i + 1, cur, total)

    dfs(0, [], 0)
    return out


print(combination_sum([2, 3, 6, 7], 7))
