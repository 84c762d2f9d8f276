"""Examples from Label Studio's export; one that cannot be exported or read does not block the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labeling.label_studio.client import IDS_PER_EXPORT, LabelStudioBadResponse, LabelStudioClient, ListedExample
from labeling.label_studio.remote import AnnotationUnreadable, RemoteExample, read_example


@dataclass(frozen=True, kw_only=True)
class FetchedExample:
    """An example as listed and as exported; None, with the reason, where the export cannot be read."""

    listed: ListedExample
    example: RemoteExample | None = None
    trouble: str = ""


def fetch(*, client: LabelStudioClient, project_id: int, listed: Sequence[ListedExample]) -> Iterator[FetchedExample]:
    """Fetch examples with their annotations; those that were deleted meanwhile are left out."""
    for start in range(0, len(listed), IDS_PER_EXPORT):
        yield from _fetch(client, project_id, listed[start : start + IDS_PER_EXPORT])


def _fetch(client: LabelStudioClient, project_id: int, listed: Sequence[ListedExample]) -> Iterator[FetchedExample]:
    """Fetch together; where that fails, each half on its own, down to the one that fails."""
    try:
        rows = client.export(project_id=project_id, ids=[one.id for one in listed])
    except LabelStudioBadResponse as failure:
        if len(listed) == 1:
            yield FetchedExample(listed=listed[0], trouble=str(failure))
            return
        middle = len(listed) // 2
        yield from _fetch(client, project_id, listed[:middle])
        yield from _fetch(client, project_id, listed[middle:])
        return
    by_id = {row.get("id"): row for row in rows}
    for one in listed:
        if one.id in by_id:
            try:
                yield FetchedExample(listed=one, example=read_example(by_id[one.id], changed_at=one.updated_at))
            except AnnotationUnreadable as error:
                yield FetchedExample(listed=one, trouble=str(error))
