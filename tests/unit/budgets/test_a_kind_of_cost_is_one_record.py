import pytest
from django.db import models

from budgets.cost_kinds import TOKENS, CostFacts, CostKind, SourceType, kinds_of
from reports.sources import READERS


def test_facts_that_lack_a_part_fail_at_import() -> None:
    with pytest.raises(TypeError, match="chart_colour"):
        CostFacts(SourceType.CALLER, None, TOKENS)  # type: ignore[call-arg]  # what the type checker says too


def test_each_type_of_source_has_a_reader_and_a_kind() -> None:
    assert set(READERS) == set(SourceType)
    assert all(kinds_of(source) for source in SourceType)


def test_kinds_are_told_apart_by_label_and_colour() -> None:
    assert len({kind.label for kind in CostKind}) == len(CostKind)
    assert len({kind.facts.chart_colour for kind in CostKind}) == len(CostKind)


def test_a_kind_is_the_text_that_the_database_keeps() -> None:
    assert isinstance(CostKind.LABEL, models.TextChoices)
    assert (CostKind("label"), str(CostKind.LABEL)) == (CostKind.LABEL, "label")
