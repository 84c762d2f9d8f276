"""Pairing Label Studio's annotations with ours. A unique id comes from a browser: alone, it proves nothing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils.crypto import salted_hmac

from labeling.label_studio import RemoteAnnotation
from labeling.models import Annotation

ID_TAKEN = "Its unique id belongs to another annotation."


@dataclass(frozen=True, kw_only=True)
class Match:
    """An annotation of Label Studio, its unique id here, and our row of it, if any."""

    remote: RemoteAnnotation
    unique_id: UUID
    row: Annotation | None


def match(
    *, annotations: Sequence[RemoteAnnotation], known: Sequence[Annotation], taken: Collection[UUID], place: str
) -> list[Match]:
    """Pair one example's annotations in Label Studio with our rows of them.

    First by id and time of creation there; then by unique id, so that one that was deleted and sent again is
    recognised. One without a unique id of its own gets one made of its place, and a trouble.

    Parameters: `known` our rows of the example; `taken` unique ids of other examples' annotations here; `place` names
    the example in Label Studio.
    """
    rows = {row.unique_id: row for row in known}
    by_place = {(row.label_studio_id, row.created_at): row for row in known}
    own = _without_doubles(annotations, taken)
    found = {one.id: by_place.get((one.id, one.created_at)) for one in own}
    used = {row.unique_id for row in found.values() if row is not None}
    matches = []
    for one in own:
        row = found[one.id]
        if one.unique_id in used and (row is None or row.unique_id != one.unique_id):
            one = _without_id(one)
        unique_id = row.unique_id if row else one.unique_id or _secret_id(f"{place}:{one.id}")
        matches.append(Match(remote=one, unique_id=unique_id, row=row or rows.get(unique_id)))
        used.add(unique_id)
    return matches


def _without_doubles(annotations: Iterable[RemoteAnnotation], taken: Collection[UUID]) -> list[RemoteAnnotation]:
    """Drop unique ids that belong to other annotations, and annotations that come twice."""
    own: dict[int, RemoteAnnotation] = {}
    unique_ids = set(taken)
    for one in annotations:
        if one.id not in own:
            own[one.id] = _without_id(one) if one.unique_id in unique_ids else one
        if one.unique_id is not None:
            unique_ids.add(one.unique_id)
    return list(own.values())


def _without_id(one: RemoteAnnotation) -> RemoteAnnotation:
    return replace(one, unique_id=None, trouble=f"{one.trouble} {ID_TAKEN}".strip())


def _secret_id(place: str) -> UUID:
    return UUID(bytes=salted_hmac("labeling.annotations.matching", place).digest()[:16])
