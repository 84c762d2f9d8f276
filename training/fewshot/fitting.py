"""From rows of text and a frozen checkpoint to a chosen head, for every task type, and its outputs for further rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from torch import nn

from training.answers import Rows
from training.data import ModelOutputs, Units, tokenise
from training.fewshot.encoder import FrozenEncoder
from training.fewshot.features import Floats, centre_of, centred_units, pair_features
from training.fewshot.frozen_head import FrozenHead, probabilities
from training.fewshot.judging import Judge, as_outputs
from training.fewshot.model_selection import Choice, LabelledUnits, choose
from training.fewshot.names import TEMPLATE, LabelText, NameVectors, listed, name_vectors
from training.fewshot.recipes import STRENGTHS, Evidence, logistic, logistic_from_names
from training.fewshot.store import VectorStore
from training.learners import learner_of
from training.runtime import StopFlag
from training.tasks import TaskType

# Texts of the pool whose words are read; a text has many.
MOST_TEXTS_OF_WORDS = 500
# Of the logistic regression on a teacher's outputs.
TAUGHT_STRENGTH = 0.3
# Names of a label that two texts get which say the same.
ALIKE = frozenset(
    {"yes", "true", "same", "alike", "similar", "equal", "equivalent", "paraphrase", "duplicate", "match"}
)


@dataclass(frozen=True, kw_only=True)
class UnitVectors:
    """A checkpoint's vectors of the units of N rows, in fp32: of texts or words `first_UH`, of pairs both texts'."""

    first_UH: npt.NDArray[np.float32]
    second_UH: npt.NDArray[np.float32] | None
    bounds: npt.NDArray[np.int64]
    seen_U: npt.NDArray[np.bool_]

    def all_vectors(self) -> npt.NDArray[np.float32]:
        """Return the vectors of all texts or words that are seen."""
        return self.first_UH[self.seen_U] if self.second_UH is None else np.concatenate([self.first_UH, self.second_UH])

    def by_row(self) -> npt.NDArray[np.float32]:
        """Return the vectors of rows that are read whole, (N, S, H): of a pair those of both texts."""
        return np.stack([self.first_UH] if self.second_UH is None else [self.first_UH, self.second_UH], axis=1)

    def features(self, centre_H: Floats) -> Floats:
        """Return the units' features (U, F), 0 for what is not seen."""
        first = centred_units(np.where(self.seen_U[:, None], self.first_UH, centre_H), centre_H=centre_H)
        return (
            first if self.second_UH is None else pair_features(first, centred_units(self.second_UH, centre_H=centre_H))
        )


@dataclass(frozen=True, kw_only=True)
class FrozenFit:
    """A head on a frozen checkpoint, how it was chosen and from what, and what its labels' names lack."""

    head: FrozenHead
    choice: Choice
    evidence: Evidence
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FrozenStudy:
    """A task type with its labels, and the checkpoint that reads its texts.

    `template` has `{name}` where a label's name goes; `store` keeps the vectors of texts.
    """

    encoder: FrozenEncoder
    task_type: TaskType
    labels: tuple[LabelText, ...]
    metric: str
    stop: StopFlag
    store: VectorStore | None = None
    template: str = TEMPLATE

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels themselves, in the study's order."""
        return tuple(label.name for label in self.labels)

    def vectors(self, columns: Mapping[str, Sequence[str]]) -> UnitVectors:
        """Return the vectors of rows, one list of texts per input field; raises StopRequested."""
        fields = [columns[name] for name in self.task_type.input_fields]
        if self.task_type.unit == "word":
            outputs = self.encoder.word_vectors(fields[0], task_type=self.task_type, stop=self.stop)
            seen_U = np.atleast_1d(np.isfinite(outputs.values_UC).all(axis=1))
            return UnitVectors(first_UH=outputs.values_UC, second_UH=None, bounds=outputs.bounds, seen_U=seen_U)
        first, *others = (self.encoder.text_vectors(texts, stop=self.stop, store=self.store) for texts in fields)
        return UnitVectors(
            first_UH=first,
            second_UH=others[0] if others else None,
            bounds=np.arange(len(first) + 1),
            seen_U=np.ones(len(first), dtype=np.bool_),
        )

    def fit(
        self,
        *,
        labelled: Rows,
        pool: UnitVectors,
        dev: Rows | None = None,
        seed: int = 0,
        only: Sequence[str] = (),
        is_mean: bool = False,
    ) -> FrozenFit:
        """Choose and fit a head; see choose.

        Parameters: `labelled` are rows with gold answers, perhaps none; `pool` of unlabelled rows, at least one: their
            mean is the centre.
        Raises: StopRequested.
        """
        centre_H = centre_of(pool.all_vectors())
        names = self._names(centre_H)
        units = self.labelled_units(labelled, centre_H) if len(labelled) else self._no_units(labelled, centre_H)
        evidence = self._evidence(units, pool, names, centre_H)
        held_out = self.labelled_units(dev, centre_H) if dev is not None and len(dev) else None
        choice = choose(evidence=evidence, judge=units.judge, dev=held_out, seed=seed, only=only, is_mean=is_mean)
        head = FrozenHead(
            linear=choice.linear,
            centre_H=centre_H,
            temperature=choice.temperature,
            exclusive=evidence.exclusive,
            transitions=choice.transitions,
        )
        notes = (
            *(() if self._is_pairs else (*names.notes, *self._cut())),
            *self._without_example(labelled, names),
            *_misleading(choice),
        )
        return FrozenFit(head=head, choice=choice, evidence=evidence, notes=notes)

    def with_encoder(self, encoder: nn.Module) -> FrozenStudy:
        """Return the same study with the checkpoint's weights changed; no vector of before is used again."""
        return replace(self, encoder=replace(self.encoder, encoder=encoder, known={}), store=None)

    def fit_firmly(self, *, labelled: Rows, pool: UnitVectors) -> FrozenHead:
        """Fit logistic regression from the label names, as firmly as it is tried; nothing is chosen on these rows.

        For an encoder that has learned them: they fit any head on its vectors. Raises: StopRequested.
        """
        centre_H = centre_of(pool.all_vectors())
        evidence = self._evidence(self.labelled_units(labelled, centre_H), pool, self._names(centre_H), centre_H)
        linear = logistic_from_names(evidence, STRENGTHS[0])
        return FrozenHead(linear=linear, centre_H=centre_H, exclusive=evidence.exclusive)

    def _evidence(self, units: LabelledUnits, pool: UnitVectors, names: NameVectors, centre_H: Floats) -> Evidence:
        return Evidence(
            features_NF=units.features_NF,
            targets_NC=units.targets_NC,
            names_CF=self._names_of_outputs(names.units_CH),
            pool_PF=pool.features(centre_H)[pool.seen_U],
            exclusive=self.task_type.unit != "label",
            is_pairs=self._is_pairs,
            alike=self._alike() if self._is_pairs else None,
            outside=0 if self.task_type.unit == "word" else None,
        )

    def taught(self, *, pool: UnitVectors, logits_UC: npt.NDArray[np.float32], temperature: float) -> FrozenHead:
        """Fit a head to a teacher's logits of the pool's units: what distillation comes to without training the rest.

        Units of which the teacher says nothing finite are left out.
        """
        centre_H = centre_of(pool.all_vectors())
        answered_U = pool.seen_U & np.isfinite(logits_UC).all(axis=1)
        exclusive = self.task_type.unit != "label"
        evidence = Evidence(
            features_NF=pool.features(centre_H)[answered_U],
            targets_NC=probabilities(logits_UC[answered_U].astype(np.float64) / temperature, exclusive=exclusive),
            names_CF=self._names_of_outputs(self._names(centre_H).units_CH),
            pool_PF=np.zeros((0, 0)),
            exclusive=exclusive,
            is_pairs=self._is_pairs,
        )
        linear = logistic(evidence, TAUGHT_STRENGTH)
        # The student's logits are compared at the temperature, too.
        return FrozenHead(linear=linear, centre_H=centre_H, temperature=1 / temperature, exclusive=exclusive)

    def outputs(self, head: FrozenHead, vectors: UnitVectors) -> ModelOutputs:
        """Return a head's logits, over its temperature, as a student's or teacher's outputs are."""
        return _outputs(head, vectors, vectors.features(head.centre_H))

    def predict(self, head: FrozenHead, rows: Rows, vectors: UnitVectors) -> list[str | None]:
        """Return a head's answers to rows of these vectors."""
        return self.predict_by_each([head], rows, vectors)[0]

    def predict_by_each(self, heads: Sequence[FrozenHead], rows: Rows, vectors: UnitVectors) -> list[list[str | None]]:
        """Return the answers of several heads, all of one centre, to rows of these vectors."""
        if not heads:
            return []
        features_UF = vectors.features(heads[0].centre_H)
        return [
            learner_of(self.task_type, head.transitions).decode(
                outputs=_outputs(head, vectors, features_UF), rows=rows, labels=self.label_names
            )
            for head in heads
        ]

    def labelled_units(self, rows: Rows, centre_H: Floats) -> LabelledUnits:
        """Return features and targets of labelled rows, and their judge; raises StopRequested."""
        vectors = self.vectors(rows.columns)
        count_N = np.diff(vectors.bounds)
        units = Units.of_words([[0] * count for count in count_N]) if self.task_type.unit == "word" else None
        targets_NC = self._targets(rows, units or Units.one_per_row(len(rows))) * vectors.seen_U[:, None]
        return LabelledUnits(
            features_NF=vectors.features(centre_H),
            targets_NC=targets_NC,
            judge=self._judge(rows, vectors.bounds, vectors.seen_U),
        )

    def _targets(self, rows: Rows, units: Units) -> Floats:
        target = learner_of(self.task_type).targets(rows=rows, units=units, labels=self.label_names)
        found = target.numpy().astype(np.float64) if target.ndim == 2 else np.eye(self._num_outputs)[target.numpy()]
        return np.asarray(found, dtype=np.float64)

    def _judge(self, rows: Rows, bounds: npt.NDArray[np.int64], seen_U: npt.NDArray[np.bool_]) -> Judge:
        return Judge(
            task_type=self.task_type,
            rows=rows,
            labels=self.label_names,
            metric=self.metric,
            bounds=bounds,
            seen_U=seen_U,
        )

    def _no_units(self, rows: Rows, centre_H: Floats) -> LabelledUnits:
        width = len(centre_H) * (4 if self._is_pairs else 1)
        return LabelledUnits(
            features_NF=np.zeros((0, width)),
            targets_NC=np.zeros((0, self._num_outputs)),
            judge=self._judge(rows, np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.bool_)),
        )

    @property
    def _is_pairs(self) -> bool:
        return len(self.task_type.input_fields) == 2

    @property
    def _num_outputs(self) -> int:
        return len(self.task_type.output_names(self.label_names))

    def _cut(self) -> tuple[str, ...]:
        """Say which labels say more of themselves than the checkpoint reads."""
        texts = [label.texts(self.template) for label in self.labels]
        tokenizer, length = self.encoder.tokenizer, self.encoder.max_length
        encoded = [
            tokenise(tokenizer, said, truncation=True, max_length=length + 1)["input_ids"] if said else []
            for said in texts
        ]
        cut = [
            label.name for label, ids in zip(self.labels, encoded, strict=True) if any(len(one) > length for one in ids)
        ]
        what = f"{listed(cut)}: a text is longer than the {length} tokens that are read, and is cut. Say it shorter."
        return (what,) if cut else ()

    def _without_example(self, labelled: Rows, names: NameVectors) -> tuple[str, ...]:
        """Say of which labels no row is an example, where there are rows."""
        if not len(labelled):
            return ()
        place = {label: number for number, label in enumerate(self.label_names)}
        seen = {item[0] for answer in labelled.labelled() for item in self.task_type.items(answer=answer, place=place)}
        missing = [number for number in range(len(self.labels)) if number not in seen]
        named, unknown = (
            [self.labels[number].name for number in missing if names.says_C[number] == is_named]
            for is_named in (True, False)
        )
        return (
            *([f"{listed(named)}: no labelled example; only what it says of itself is known."] if named else []),
            *([f"{listed(unknown)}: no labelled example, and nothing else is known. Label some."] if unknown else []),
        )

    def _names(self, centre_H: Floats) -> NameVectors:
        if self._is_pairs:
            return NameVectors.unknown(len(self.labels), len(centre_H))
        return name_vectors(
            labels=self.labels,
            centre_H=centre_H,
            vectors_of=lambda texts: self.encoder.text_vectors(texts, stop=self.stop, store=self.store),
            template=self.template,
        )

    def _names_of_outputs(self, units_CH: Floats) -> Floats:
        """Return a name for each output: of tags, none for outside, and a label's for its begin and its inside."""
        if self._is_pairs:
            return np.zeros((len(units_CH), 4 * units_CH.shape[1]))
        if self.task_type.unit != "word":
            return units_CH
        return np.concatenate([np.zeros((1, units_CH.shape[1])), np.repeat(units_CH, 2, axis=0)])

    def _alike(self) -> int | None:
        """The one label whose name says that both texts are alike; None for none or several."""
        found = [
            number
            for number, label in enumerate(self.labels)
            if ALIKE & {text.strip().casefold() for text in (label.name, *label.examples)}
        ]
        return found[0] if len(found) == 1 and len(self.labels) == 2 else None


def _outputs(head: FrozenHead, vectors: UnitVectors, features_UF: Floats) -> ModelOutputs:
    logits_UC = head.linear.logits(features_UF) / head.temperature
    return as_outputs(logits_UC, bounds=vectors.bounds, seen_U=vectors.seen_U)


def _misleading(choice: Choice) -> tuple[str, ...]:
    """Say where rows without names do better than with them, as where names are of another language than the texts."""
    scored = {one.recipe: one for one in choice.candidates if one.score is not None}
    without, with_names = scored.get("class_means"), scored.get("names")
    if without is None or with_names is None or without.score is None or with_names.score is None:
        return ()
    lead = without.score - with_names.score
    if lead <= max(without.error or 0.0, with_names.error or 0.0):
        return ()
    return (
        f"Label names mislead: without them a head is {100 * lead:.1f} points better on {choice.judged_on}. Describe "
        "the labels in the words, and the language, of the texts.",
    )
