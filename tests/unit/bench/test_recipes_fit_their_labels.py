from bench._paths_recipes import OURS_OF_TEXTS, OURS_OF_WORDS, STUDY


def test_ours_searches_only_where_there_are_labels_to_choose_by() -> None:
    assert (OURS_OF_TEXTS.at(499).dev_share, OURS_OF_TEXTS.at(499).student_rates) == (0.0, ())
    assert (OURS_OF_TEXTS.at(500).dev_share, len(OURS_OF_TEXTS.at(500).student_rates)) == (0.2, 2)


def test_ours_trains_few_labels_for_steps_and_many_for_epochs() -> None:
    assert OURS_OF_WORDS.at(60).student["steps"] == 100
    assert OURS_OF_TEXTS.at(1_600).student["steps"] == 600


def test_the_studys_recipe_is_the_same_for_any_number_of_labels() -> None:
    assert STUDY.at(30) == STUDY.at(3_000)
    assert (STUDY.student["epochs"], STUDY.num_passes) == (20, 50)
