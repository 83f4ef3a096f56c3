from hypothesis import given, settings
from hypothesis import strategies as st
import torch

from trainables.models.families.darts.exit_heads import GridPool


@settings(max_examples=50, deadline=None)
@given(sides=st.tuples(st.integers(1, 15), st.integers(1, 15)), cells=st.tuples(st.integers(1, 5), st.integers(1, 5)))
def test_means_by_rows_and_columns_are_those_of_the_pool(sides, cells):
    grid = tuple(map(min, cells, sides))
    maps = torch.rand(2, 3, *sides, dtype=torch.float64, requires_grad=True)
    pool = GridPool(grid)
    found, expected = pool.by_rows_and_columns(maps), pool(maps)
    torch.testing.assert_close(found, expected)
    weights = torch.rand_like(expected)
    for one, other in zip(
        torch.autograd.grad((found * weights).sum(), maps),
        torch.autograd.grad((expected * weights).sum(), maps),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_on_a_gpu_deterministic_gradients_are_asked_of_slices_alone(monkeypatch):
    """A GPU's tensor is made up: torch would refuse its own gradient there, and not here."""
    pool, maps = GridPool((2, 2)), torch.rand(1, 1, 4, 4)
    asked = []
    monkeypatch.setattr(pool, "by_rows_and_columns", lambda maps: asked.append(maps))
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    pool(maps)
    assert not asked
    monkeypatch.setattr(torch, "are_deterministic_algorithms_enabled", lambda: True)
    pool(maps)
    assert len(asked) == 1
