"""Vectors as a linear head reads them: centred and of unit length, and of a pair both with what they have in common.

Shapes throughout this room: N rows or units, H the width of a vector, F features of a unit, C outputs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
# Below it a vector has no direction: the text is the centre itself.
SHORTEST = 1e-9


def centre_of(vectors_NH: Vectors) -> Floats:
    """Return the mean of the unlabelled pool's vectors (H,)."""
    centre_H: Floats = vectors_NH.mean(axis=0, dtype=np.float64)
    return centre_H


def unit_rows(vectors_NH: Floats) -> Floats:
    """Scale rows to length 1; a row of no length becomes 0."""
    lengths_N1 = np.linalg.norm(vectors_NH, axis=1, keepdims=True)
    return np.where(lengths_N1 > SHORTEST, vectors_NH / np.maximum(lengths_N1, SHORTEST), 0.0)


def centred_units(vectors_NH: npt.NDArray[np.floating], *, centre_H: Floats) -> Floats:
    """Return vectors less the centre, each of length 1, or 0 for one that is the centre, (N, H).

    What all vectors of a checkpoint have in common says nothing of any (Arora, Liang and Ma, "A Simple but
    Tough-to-Beat Baseline for Sentence Embeddings", 2017).
    """
    return unit_rows(vectors_NH.astype(np.float64) - centre_H)


def pair_features(first_NH: Floats, second_NH: Floats) -> Floats:
    """Return what a bi-encoder's head reads of two centred units: u, v, |u - v| and u * v, (N, 4 H).

    Their cosine is the sum of the last quarter, so that a head on the cosine is one on these.
    """
    return np.concatenate([first_NH, second_NH, np.abs(first_NH - second_NH), first_NH * second_NH], axis=1)


def cosines_of(features_NF: Floats) -> Floats:
    """Return the cosine of each pair (N,) from its features."""
    cosine_N: Floats = features_NF[:, features_NF.shape[1] // 4 * 3 :].sum(axis=1)
    return cosine_N
