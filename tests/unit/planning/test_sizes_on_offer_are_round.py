from planning.policy import larger_sizes, pseudo_sizes, rungs, smaller_sizes


def test_rungs_are_round_numbers_from_ten_on() -> None:
    assert rungs(above=0, most=1_000) == [10, 20, 50, 100, 200, 500, 1_000]


def test_further_labels_go_as_far_as_the_pool_and_eight_times() -> None:
    assert larger_sizes(num_there=100, most=10_000) == [200, 500, 800]
    assert larger_sizes(num_there=100, most=260) == [200, 260]
    assert larger_sizes(num_there=0, most=10_000) == [10, 20, 50, 80]


def test_where_nothing_more_can_be_had_nothing_is_on_offer() -> None:
    assert larger_sizes(num_there=100, most=100) == []
    assert larger_sizes(num_there=0, most=0) == []


def test_a_single_further_label_is_on_offer_if_it_is_all_there_is() -> None:
    assert larger_sizes(num_there=100, most=101) == [101]


def test_some_fewer_labels_show_how_the_curve_rises() -> None:
    assert smaller_sizes(200) == [50, 100]
    assert smaller_sizes(10) == []


def test_pseudo_labels_are_all_a_third_and_a_tenth() -> None:
    assert pseudo_sizes(3_000) == [200, 1_000, 3_000]
    assert pseudo_sizes(40) == [10, 40]
    assert pseudo_sizes(9) == []
