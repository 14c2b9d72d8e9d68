"""Word break.

Which prefixes of a text are made of words.
"""


def word_break(s, words):
    dp = [False] * (len(s) + 1)
    dp[0] = True
    for i in range(1, len(s) + 1):
        for w in words:
            if i >= len(w) and dp[i - len(w)] and s[i - len(w) : i] == w:
                dp[i] = True
                break
    return dp[-1]


print(word_break("leetcode", ["leet", "code"]))
