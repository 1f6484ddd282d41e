import numpy as np

from efface.audit.pairing import pair_up


def test_each_wanted_value_gets_another_one_and_all_together_are_closest():
    wanted, offered = np.array([0.8, 0.1, 0.75]), np.array([0.79, 0.0, 0.2, 0.81, 0.12])
    paired = pair_up(wanted, offered)
    assert paired.tolist() == [3, 4, 0]


def test_a_better_total_wins_over_the_nearest_value():
    assert pair_up(np.array([0.5, 0.6]), np.array([0.55, 0.1])).tolist() == [1, 0]


def test_values_that_are_not_finite_are_taken_in_order():
    assert pair_up(np.array([0.5, np.nan]), np.array([0.9, 0.5, 0.1])).tolist() == [0, 1]
