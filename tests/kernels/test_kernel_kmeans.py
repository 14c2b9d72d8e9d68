import pytest
import torch
from vidkit_kernels._testing import make_qkv
from vidkit_kernels.kmeans import assign, cluster_means, kmeans
from vidkit_kernels.label_sort import sort_by_label


def blobs(device, B=1, H=2, C=5, per=20, D=16):
    generator = torch.Generator().manual_seed(3)
    centers = torch.randn(B, H, C, 1, D, generator=generator) * 5
    x = (centers + 0.1 * torch.randn(B, H, C, per, D, generator=generator)).flatten(2, 3)
    shuffle = torch.randperm(C * per, generator=generator)
    return x[:, :, shuffle].to(device), centers.squeeze(3).to(device), shuffle // per


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_kmeans_finds_separated_blobs(backend, device):
    x, centers, truth = blobs(device)
    result = kmeans(x, centers + 0.5, 10, backend=backend)
    assert torch.equal(result.labels[0, 0].cpu().long(), truth)
    means = torch.stack([x[0, 1, truth == c].mean(0) for c in range(5)])
    assert torch.allclose(result.centroids[0, 1], means, atol=1e-5)
    assert result.offsets[0, 0].tolist() == [0, 20, 40, 60, 80, 100]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_assign_triton_equals_reference(dtype, device):
    x, _, _ = make_qkv(2, 2, 150, 32, dtype, device)
    start = x[:, :, :37].float()
    labels = [torch.full((2, 2, 150), -1, dtype=torch.int32, device=device) for _ in range(2)]
    assign(x, start, labels[0], backend="triton")
    assign(x, start, labels[1], backend="reference")
    assert (labels[0] == labels[1]).float().mean() > 0.995
    assert int(labels[0].min()) >= 0 and int(labels[0].max()) < 37


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_empty_clusters_keep_their_centroid(backend, device):
    x, centers, _ = blobs(device)
    start = torch.cat([centers, torch.full_like(centers[:, :, :1], 1e3)], 2)
    result = kmeans(x, start, 3, backend=backend)
    assert torch.equal(result.centroids[:, :, 5], start[:, :, 5])
    assert result.offsets[0, 0, -1] == result.offsets[0, 0, -2] == 100


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_heads_without_iterations_keep_everything(backend, device):
    x, centers, _ = blobs(device)
    labels = torch.zeros(1, 2, 100, dtype=torch.int32, device=device)
    iterations = torch.tensor([[2, 0]], device=device)
    result = kmeans(x, centers + 0.5, iterations, max_iterations=4, labels=labels, backend=backend)
    assert torch.equal(result.centroids[:, 1], centers[:, 1] + 0.5)
    assert int(result.labels[:, 1].abs().sum()) == 0 and int(result.labels[:, 0].max()) == 4


def test_kmeans_repeats_bit_for_bit(device):
    x, centers, _ = blobs(device)
    first, second = (kmeans(x, centers + 0.5, 4) for _ in range(2))
    assert torch.equal(first.centroids, second.centroids) and torch.equal(first.labels, second.labels)


def test_means_of_given_clusters_triton_equals_reference(device):
    x, _, _ = make_qkv(1, 3, 150, 32, torch.float32, device)
    labels = torch.randint(0, 9, (1, 3, 150), generator=torch.Generator().manual_seed(0)).int().to(device)
    order, offsets = sort_by_label(labels, 11)
    active = torch.tensor([[True, False, True]], device=device)
    means = [torch.full((1, 3, 11, 32), 7.0, device=device) for _ in range(2)]
    cluster_means(x, order, offsets, means[0], active, "triton")
    cluster_means(x, order, offsets, means[1], active, "reference")
    assert torch.allclose(*means, atol=1e-5)
    # empty clusters and idle heads keep theirs
    assert bool((means[0][:, :, 9:] == 7).all()) and bool((means[0][:, 1] == 7).all())


@pytest.mark.parametrize("label_dtype", [torch.int16, torch.int32])
def test_rounds_differ_by_head_triton_equals_reference(label_dtype, device):
    x, _, _ = make_qkv(1, 4, 300, 16, torch.float32, device)
    iterations = torch.tensor([[3, 0, 1, 2]], device=device)
    start = x[:, :, :12]
    found = [
        kmeans(
            x,
            start,
            iterations,
            max_iterations=4,
            backend=backend,
            labels=torch.zeros(1, 4, 300, dtype=label_dtype, device=device),
        )
        for backend in ("triton", "reference")
    ]
    assert torch.equal(found[0].labels, found[1].labels) and found[0].labels.dtype == label_dtype
    assert torch.allclose(found[0].centroids, found[1].centroids, atol=1e-5)
    assert torch.equal(found[0].offsets, found[1].offsets)
    assert not found[0].offsets[:, 1].any() and torch.equal(found[0].centroids[:, 1], start[:, 1])
    assert bool((found[0].offsets[:, ::2, -1] == 300).all())


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_a_head_stops_once_nothing_moves(backend, device):
    x, centers, _ = blobs(device)
    settled = kmeans(x, centers, 2, backend=backend)
    # with a tolerance that any movement is below, the first round is the last
    once = kmeans(x, centers + 0.5, 1, backend=backend)
    capped = kmeans(x, centers + 0.5, 9, tolerance=1e9, backend=backend)
    assert torch.equal(once.centroids, capped.centroids) and torch.equal(once.offsets, capped.offsets)
    again = kmeans(x, settled.centroids, 50, backend=backend)
    assert torch.allclose(again.centroids, settled.centroids, atol=1e-5)
