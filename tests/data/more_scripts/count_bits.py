def count_bits(n):
    bits = [0] * (n + 1)
    for i in range(1, n + 1):
        bits[i] = bits[i >> 1] + (i & 1)
    return bits


def to_binary(n):
    digits = []
    while n:
        digits.append(n % 2)
        n //= 2
    return digits[::-1]


print(count_bits(8))
print(to_binary(37))
