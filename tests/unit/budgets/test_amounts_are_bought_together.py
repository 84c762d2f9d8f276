from decimal import Decimal

from budgets.cost_kinds import CostKind
from budgets.ledger import CapLeft, Part, Room
from budgets.models import Path

ON_PATH = Room(available=Decimal(100), caps=(CapLeft(left=Decimal(10), path=Path.ANNOTATE),))
ON_KIND = Room(available=Decimal(100), caps=(CapLeft(left=Decimal(10), kind=CostKind.DEVICE_HOUR),))


def labels(amount: str) -> Part:
    return Part(amount=Decimal(amount), path=Path.ANNOTATE, kinds=(CostKind.LABEL,))


def runs(amount: str, path: Path = Path.ANNOTATE) -> Part:
    return Part(amount=Decimal(amount), path=path, kinds=(CostKind.DEVICE_HOUR,))


def test_labels_and_runs_share_the_cap_of_their_path() -> None:
    assert ON_PATH.left(path=Path.ANNOTATE, kind=CostKind.DEVICE_HOUR, besides=[labels("7")]) == 3
    assert ON_PATH.left(path=Path.DISTIL, kind=CostKind.DEVICE_HOUR, besides=[labels("7")]) == 93
    assert ON_PATH.takes([labels("7"), runs("3"), runs("90", Path.DISTIL)])
    assert not ON_PATH.takes([labels("7"), runs("3.01")])


def test_runs_of_both_paths_share_the_cap_of_their_kind() -> None:
    assert ON_KIND.left(path=Path.ANNOTATE, kind=CostKind.DEVICE_HOUR, besides=[labels("7")]) == 10
    assert not ON_KIND.takes([runs("6"), runs("5", Path.DISTIL)])


def test_beside_what_is_too_much_already_nothing_can_be_bought() -> None:
    assert ON_PATH.left(path=Path.DISTIL, kind=CostKind.DEVICE_HOUR, besides=[labels("11")]) == 0
    assert not ON_PATH.takes([runs("101", Path.DISTIL)])


def test_a_cap_that_is_passed_forbids_nothing_that_is_free() -> None:
    passed = Room(available=Decimal(5), caps=(CapLeft(left=Decimal(-1), kind=CostKind.LABEL),))
    assert passed.takes([labels("0")])
    assert passed.left(path=Path.ANNOTATE, kind=CostKind.DEVICE_HOUR, besides=[labels("0")]) == 5
    assert passed.left(path=Path.ANNOTATE, kind=CostKind.LABEL) == 0
