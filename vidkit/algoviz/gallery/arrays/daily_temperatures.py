"""Next warmer day.

A stack holds the days that still wait for a warmer one.
"""

temps = [73, 74, 75, 71, 69, 72, 76, 73]
ans = [0] * len(temps)
stack = []
for i, t in enumerate(temps):
    while stack and temps[stack[-1]] < t:
        j = stack.pop()
        ans[j] = i - j
    stack.append(i)
print(ans)
