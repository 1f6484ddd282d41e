import numpy as np

from efface.audit.folds import fold_by_subject


def test_a_subject_on_both_sides_has_one_fold():
    sides = [[f"s-{number % 7}" for number in range(40)] for _ in range(2)]
    first, second = fold_by_subject(*sides)
    assert (first == second).all()
    assert set(first) == set(range(5))
    assert all(
        len({f for f, s in zip(first, sides[0], strict=True) if s == n}) == 1 for n in sides[0]
    )


def test_a_side_of_one_subject_is_folded_by_image():
    (found,) = fold_by_subject(["only"] * 10)
    assert np.bincount(found).tolist() == [2] * 5
