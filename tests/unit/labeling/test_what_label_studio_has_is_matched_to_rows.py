from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from labeling.annotations.matching import ID_TAKEN, Match, match
from labeling.label_studio import RemoteAnnotation
from labeling.models import Annotation

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, SECOND = uuid4(), uuid4()


def remote(number: int, unique_id: UUID | None) -> RemoteAnnotation:
    return RemoteAnnotation(
        unique_id=unique_id,
        id=number,
        completed_by=1,
        updated_by=1,
        was_cancelled=False,
        result=[],
        lead_time=None,
        created_at=MADE_AT,
        updated_at=MADE_AT,
    )


def row(number: int, unique_id: UUID, made_at: datetime = MADE_AT) -> Annotation:
    return Annotation(unique_id=unique_id, label_studio_id=number, created_at=made_at)


def matched(*annotations: RemoteAnnotation, known: tuple[Annotation, ...] = (), **other: Any) -> list[Match]:
    return match(annotations=annotations, known=known, **{"taken": set(), "place": "here", **other})


def test_a_new_one_keeps_its_unique_id() -> None:
    (found,) = matched(remote(1, FIRST))
    assert (found.unique_id, found.row, found.remote.trouble) == (FIRST, None, "")


def test_one_whose_unique_id_was_moved_is_the_same() -> None:
    ours = row(1, FIRST)
    (found,) = matched(remote(1, SECOND), known=(ours,))
    assert (found.unique_id, found.row, found.remote.trouble) == (FIRST, ours, "")


def test_one_that_was_deleted_and_sent_once_more_is_the_same() -> None:
    ours = row(1, FIRST)
    (found,) = matched(remote(5, FIRST), known=(ours,))
    assert (found.unique_id, found.row) == (FIRST, ours)


def test_an_id_that_label_studio_used_again_is_another() -> None:
    (found,) = matched(remote(1, SECOND), known=(row(1, FIRST, datetime(2025, 1, 1, tzinfo=UTC)),))
    assert (found.unique_id, found.row) == (SECOND, None)


def test_one_with_the_unique_id_of_another_gets_an_own_and_has_trouble() -> None:
    ours = row(1, FIRST)
    moved, again = matched(remote(1, SECOND), remote(2, FIRST), known=(ours,))
    assert (moved.row, moved.remote.trouble) == (ours, "")
    assert again.remote.trouble == ID_TAKEN
    assert again.unique_id not in {FIRST, SECOND}


def test_it_keeps_that_id_and_the_trouble() -> None:
    ours = row(1, FIRST)
    _, again = matched(remote(1, SECOND), remote(2, FIRST), known=(ours,))
    _, later = matched(remote(1, SECOND), remote(2, FIRST), known=(ours, row(2, again.unique_id)))
    assert (later.unique_id, later.remote.trouble) == (again.unique_id, ID_TAKEN)


def test_one_with_a_unique_id_of_another_example_has_trouble() -> None:
    (found,) = matched(remote(1, FIRST), taken={FIRST})
    assert (found.unique_id == FIRST, found.remote.trouble) == (False, ID_TAKEN)


def test_those_without_unique_ids_are_told_apart_by_their_place() -> None:
    first, second, elsewhere = [
        *matched(remote(1, None), remote(2, None)),
        *matched(remote(1, None), place="there"),
    ]
    assert len({first.unique_id, second.unique_id, elsewhere.unique_id}) == 3


def test_what_comes_twice_counts_once() -> None:
    assert len(matched(remote(1, FIRST), remote(1, FIRST))) == 1
