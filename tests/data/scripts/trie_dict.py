words = ["to", "tea", "ten", "in"]
trie = {}
for w in words:
    node = trie
    for ch in w:
        node = node.setdefault(ch, {})
    node["$"] = True
def has(word):
    node = trie
    for ch in word:
        if ch not in node:
            return False
        node = node[ch]
    return "$" in node
print(has("tea"), has("te"))
