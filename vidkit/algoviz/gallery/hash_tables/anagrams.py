"""Group anagrams.

Sorted letters are the key of a group.
"""

from collections import Counter, defaultdict

words = ["eat", "tea", "tan", "ate", "nat", "bat"]
groups = defaultdict(list)
for w in words:
    groups["".join(sorted(w))].append(w)
print(list(groups.values()))
cnt = Counter()
for ch in "mississippi":
    cnt[ch] += 1
print(cnt.most_common(2))
