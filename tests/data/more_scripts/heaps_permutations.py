def heaps(k, arr, out):
    if k == 1:
        out.append(arr[:])
        return
    for i in range(k):
        heaps(k - 1, arr, out)
        j = i if k % 2 == 0 else 0
        arr[j], arr[k - 1] = arr[k - 1], arr[j]


result = []
heaps(3, ["a", "b", "c"], result)
print(len(result))
