"""How many labels and pseudo-labels are put on offer, round numbers and all there are; and how many layers."""

from itertools import count, takewhile

RUNG = (1, 2, 5)
FEWEST = 10
MOST_LARGER, MOST_SMALLER = 5, 2
TIMES = 8
"""The largest offer over what is there: farther out, nothing is forecast."""
SMALLER = 5
FEWER_PSEUDO = (3, 10)
MOST_UNVERIFIED, MOST_VERIFIED = 10, 3


def rungs(*, above: float, most: float) -> list[int]:
    """Round numbers (10, 20, 50, 100 …) above one number and up to another."""
    ladder = (step * 10**power for power in count(1) for step in RUNG)
    return [rung for rung in takewhile(lambda rung: rung <= most, ladder) if rung > above]


def larger_sizes(*, num_there: int, most: int) -> list[int]:
    """Numbers of labels beyond those that are there, or on their way, up to the most that can be had."""
    most = min(most, TIMES * max(num_there, FEWEST))
    found = rungs(above=1.2 * num_there, most=most / 1.2)[:MOST_LARGER]
    return [*found, most] if most > num_there and len(found) < MOST_LARGER else found


def smaller_sizes(num_labels: int) -> list[int]:
    """Some numbers below the labels that are there: they cost compute alone, and show how the curve rises."""
    return rungs(above=num_labels / SMALLER - 1, most=num_labels / 1.2)[-MOST_SMALLER:]


def opinion_sizes(most: int) -> list[int]:
    """Of labels that can get a second opinion: all of them, and round numbers down to about a fifth."""
    every = [most] if most >= FEWEST else []
    return [*rungs(above=most / SMALLER - 1, most=most / 1.2)[-MOST_SMALLER:], *every]


def verified_sizes(num_labels: int, *, most: int) -> list[int]:
    """Of labels of a language model, how many people may verify: round numbers, a tenth to five sixths of them."""
    return rungs(above=num_labels / MOST_UNVERIFIED - 1, most=min(num_labels / 1.2, most))[-MOST_VERIFIED:]


def half_of_layers(num_layers: int) -> tuple[int, ...]:
    """The first half of a checkpoint's layers, of which a smaller student is carved; empty of a single layer.

    The lower layers are what a student needs most (Sajjad et al., Computer Speech & Language, 2023).
    """
    return tuple(range((num_layers + 1) // 2)) if num_layers > 1 else ()


def pseudo_sizes(num_unlabelled: int) -> list[int]:
    """All unlabelled examples, and round numbers of about a third and a tenth of them."""
    fewer = [rungs(above=0, most=num_unlabelled / share)[-1:] for share in FEWER_PSEUDO]
    every = [num_unlabelled] if num_unlabelled >= FEWEST else []
    return sorted({*every, *(size for one in fewer for size in one)})
