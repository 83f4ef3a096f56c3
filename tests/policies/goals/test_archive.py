from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np

from policies.goals.archive import Archive
from policies.goals.goal import Assessment, Goal


BATCHES = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5), st.integers(0, 2)), min_size=1, max_size=8),
    min_size=1,
    max_size=6,
)


def offer(archive, points, first_id):
    candidates = np.array([[0, first_id + i] for i in range(len(points))])
    archive.offer(candidates, Assessment(*(np.array(column, float) for column in zip(*points, strict=True))))


@given(batches=BATCHES)
def test_batch_by_batch_comes_to_the_same_as_all_at_once(batches):
    archive = Archive.empty(Goal(), 1)
    seen = []
    for batch in batches:
        offer(archive, batch, len(seen))
        seen += batch
        kept = [seen[i] for i in archive.candidates[:, 1]]
        everything = Archive.empty(Goal(), 1)
        offer(everything, seen, 0)
        assert kept == [seen[i] for i in everything.candidates[:, 1]]
        assert archive.assessment.quality.tolist() == [q for q, _, _ in kept]
        assert archive.assessment.objective.tolist() == [e for _, e, _ in kept]
        assert archive.assessment.violation.tolist() == [v for _, _, v in kept]


def test_the_first_feasible_candidate_replaces_the_nearest():
    archive = Archive.empty(Goal(), 1)
    offer(archive, [(9, 1, 2), (8, 1, 1)], 0)
    assert archive.candidates.tolist() == [[0, 1]]
    offer(archive, [(9, 1, 2)], 2)
    assert archive.candidates.tolist() == [[0, 1]]
    offer(archive, [(1, 5, 0)], 3)
    assert archive.candidates.tolist() == [[0, 3]]
    offer(archive, [(9, 1, 1)], 4)
    assert archive.candidates.tolist() == [[0, 3]]


def test_marks_stay_with_their_candidates():
    archive = Archive.empty(Goal(), 1)
    offer(archive, [(1, 1, 0), (2, 2, 0), (4, 4, 0)], 0)
    archive.mark_expanded(np.array([0, 1]))
    archive.mark_expanded(np.array([0, 7]))
    assert archive.is_expanded.tolist() == [False, True, False]
    offer(archive, [(3, 3, 0), (2, 2, 0), (1.5, 1, 0)], 10)
    assert archive.candidates[:, 1].tolist() == [12, 1, 10, 2]
    assert archive.is_expanded.tolist() == [False, True, False, False]


def test_offering_to_a_copy_leaves_the_first_alone():
    archive = Archive.empty(Goal(), 1)
    offer(archive, [(1, 1, 0)], 0)
    other = replace(archive)
    offer(other, [(2, 1, 0)], 1)
    other.mark_expanded(np.array([0, 1]))
    assert archive.candidates.tolist() == [[0, 0]]
    assert archive.is_expanded.tolist() == [False]
