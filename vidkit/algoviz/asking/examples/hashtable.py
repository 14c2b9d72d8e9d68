def solve(data):
    table = {}
    for word in data["words"]:
        table[word] = table.get(word, 0) + 1
    return table


def trace(data):
    size = 5
    buckets = [{} for _ in range(size)]
    first = {
        "data_state": {
            "type": "hashtable",
            "structure": {"size": size, "buckets": [{"index": i, "items": []} for i in range(size)]},
        },
        "pseudocode": ["bucket = hash(word) mod size", "count the word in its bucket"],
    }
    deltas = []
    for word in data["words"]:
        code = sum(map(ord, word))
        at = code % size
        shown = {"op": "showHash", "params": {"input_key": word, "output_hash": code, "bucket_index": at}}
        deltas.append({"code_highlight": 1, "operations": [[shown]]})
        count = buckets[at].get(word, 0) + 1
        buckets[at][word] = count
        if count == 1:
            params = {"bucket_index": at, "element": {"key": word, "value": 1}}
            op = {"op": "insertIntoBucket", "params": params}
        else:
            op = {"op": "updateInBucket", "params": {"bucket_index": at, "key": word, "value": count}}
        deltas.append({"code_highlight": 2, "operations": [[op]]})
    return {
        "svl_version": "5.0",
        "algorithm": {"name": "Counting words", "family": "hashtable"},
        "initial_frame": first,
        "deltas": deltas,
        "x-result": {word: count for bucket in buckets for word, count in bucket.items()},
    }
