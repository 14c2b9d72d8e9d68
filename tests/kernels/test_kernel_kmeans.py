import pytest
import torch
from vidkit_kernels._testing import make_qkv
from vidkit_kernels.kmeans import assign, kmeans, sort_by_label


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
    assert bool((result.labels.gather(2, result.order).diff(dim=-1) >= 0).all())


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
    assert torch.equal(first.centroids, second.centroids) and torch.equal(first.order, second.order)


def test_sort_is_stable():
    order, offsets = sort_by_label(torch.tensor([[[2, 0, 2, 0, 0]]], dtype=torch.int32), 4)
    assert order[0, 0].tolist() == [1, 3, 4, 0, 2] and offsets[0, 0].tolist() == [0, 3, 3, 5, 5]
