"""The tags of a text's words, found together: an entity goes on only where it began."""

import numpy as np
import numpy.typing as npt

from training.answers import OUTSIDE


def likeliest_tags(values_WC: npt.NDArray[np.float32]) -> list[int]:
    """Return the tag of each of W words so that their outputs sum highest and every entity begins before it goes on.

    Word by word, a model in doubt would often go on with an entity that nothing began. Found by dynamic programming
    (Viterbi, "Error bounds for convolutional codes", 1967).

    Parameters
    ----------
    values_WC
        finite: outside, then begin and inside of each label; logits or log-probabilities.
    """
    best_W = values_WC.argmax(axis=1)
    if not len(best_W) or _is_whole(best_W):
        found: list[int] = best_W.tolist()
        return found
    begins, insides = slice(1, None, 2), slice(2, None, 2)
    total_C: npt.NDArray[np.float64] = values_WC[0].astype(np.float64)
    total_C[insides] = -np.inf
    place_C = np.arange(len(total_C))
    before: list[npt.NDArray[np.int64]] = []
    for value_C in values_WC[1:]:
        before_C: npt.NDArray[np.int64] = np.full(len(total_C), total_C.argmax())
        before_C[insides] = np.where(total_C[insides] > total_C[begins], place_C[insides], place_C[begins])
        total_C = total_C[before_C] + value_C
        before.append(before_C)
    tags = [int(total_C.argmax())]
    for before_C in reversed(before):
        tags.append(int(before_C[tags[-1]]))
    return tags[::-1]


def likeliest_by(values_WC: npt.NDArray[np.float32], *, scores_BC: npt.NDArray[np.float64]) -> list[int]:
    """Return the tags whose outputs, with what each adds after the one before, sum highest.

    Parameters
    ----------
    values_WC
        as of `likeliest_tags`.
    scores_BC
        of each tag after each of C tags and, last, at the start of a text; see TagTransitions.
    """
    if not len(values_WC):
        return []
    total_C = values_WC[0] + scores_BC[-1]
    before: list[npt.NDArray[np.intp]] = []
    for value_C in values_WC[1:]:
        total_BC = total_C[:, None] + scores_BC[:-1]
        before.append(total_BC.argmax(axis=0))
        total_C = total_BC.max(axis=0) + value_C
    tags = [int(total_C.argmax())]
    for before_C in reversed(before):
        tags.append(int(before_C[tags[-1]]))
    return tags[::-1]


def _is_whole(tag_W: npt.NDArray[np.intp]) -> bool:
    """Whether each inside comes after a begin or an inside of its label."""
    before_W = np.concatenate([[OUTSIDE], tag_W[:-1]])
    goes_on_W = (tag_W != OUTSIDE) & (tag_W % 2 == 0)
    return bool(((before_W == tag_W) | (before_W == tag_W - 1))[goes_on_W].all())
