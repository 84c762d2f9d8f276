"""Which texts are most like another: TF-IDF of the groups of three signs in them, which every script has. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

_SIGNS = 3


class NearestTexts:
    """Texts that are looked up by how like they are to another."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [_groups(text) for text in texts]
        num_with = Counter(group for groups in counted for group in groups)
        self._weights = {group: math.log((1 + len(texts)) / (1 + num)) + 1 for group, num in num_with.items()}
        self._places: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._num = len(texts)
        for place, groups in enumerate(counted):
            for group, weight in self._unit(groups).items():
                self._places[group].append((place, weight))

    def to(self, text: str, *, num: int) -> list[int]:
        """The places of the texts most like this one, the most like it first; of equals, the earlier."""
        alike = [0.0] * self._num
        for group, weight in self._unit(_groups(text)).items():
            for place, other in self._places[group]:
                alike[place] += weight * other
        return sorted(range(self._num), key=lambda place: (-alike[place], place))[:num]

    def _unit(self, groups: Counter[str]) -> dict[str, float]:
        """Weights of the groups that are known, of length 1."""
        weights = {group: num * self._weights[group] for group, num in groups.items() if group in self._weights}
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {group: weight / length for group, weight in weights.items()}


def _groups(text: str) -> Counter[str]:
    padded = f" {' '.join(text.casefold().split())} "
    return Counter(padded[start : start + _SIGNS] for start in range(len(padded) - _SIGNS + 1))
