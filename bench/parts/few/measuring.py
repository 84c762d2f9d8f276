"""The cells of `bench few_labels`: a set, a number of labels and a draw of them, measured once each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.parts.few.cells import Cells, Found
from bench.parts.few.columns import Answered, Answers, Bench, answers
from bench.parts.few.setfit_column import can_answer, setfit_answers
from bench.parts.few.sets import FewSet, as_rows, smaller
from bench.parts.few.students import TEACHER, AskedStudent, student
from training.answers import Rows
from training.evaluation import SplitAnswers, split_metrics
from training.spec import AUTO, SOFT, EvaluationSettings
from training.tasks import TASK_TYPES

ANNOTATE, FINETUNED_TEACHER, DISTIL = "annotate", "teacher", "distil"


@dataclass(frozen=True)
class Cell:
    """A set, a number of labels, and the seed that draws them."""

    few: str
    num_labels: int
    draw: int


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """One set: what it takes to measure its cells, made when the first of them is not known yet."""

    few: FewSet
    model: str
    teacher: str
    distil_from: str
    vectors: Path
    cells: Cells

    @cached_property
    def bench(self) -> Bench:
        return Bench(self.few, model=self.model, vectors=self.vectors)

    def frozen(self, cell: Cell) -> Found:
        """Measure all columns on the frozen checkpoint, and those without one."""
        return self.cells.once(lambda: self._frozen(cell), part="frozen", model=self.model, **vars(cell))

    def _frozen(self, cell: Cell) -> Found:
        draw = self.bench.draw(num_labels=cell.num_labels, seed=cell.draw)
        found = answers(draw)
        chosen = found["chosen"]
        return {
            "scores": {name: self._score(one.predicted) for name, one in found.items()},
            **self._interval(chosen),
            "chose": chosen.chose,
            "seconds": round(chosen.seconds, 3),
            "pass_seconds": round(draw.pass_seconds, 3),
        }

    def setfit(self, cell: Cell, python: Path | None) -> Found | None:
        """Measure SetFit, where an interpreter is given that has it; None where it is neither given nor known."""
        of = {"part": "setfit", "model": self.model, **vars(cell)}
        if python is None or not cell.num_labels or not can_answer(self.few.task_type):
            return self.cells.known(**of)

        def measure() -> Found:
            predicted, seconds = setfit_answers(
                self.few, python=python, model=self.model, num_labels=cell.num_labels, seed=cell.draw
            )
            return {"score": None if predicted is None else self._score(predicted), "seconds": round(seconds, 1)}

        return self.cells.once(measure, **of)

    def student(self, cell: Cell, path: str, *, recipe: str, num_test: int | None, is_asked: bool) -> Found | None:
        """Train the engine's student, or a teacher, where asked for; None where it is neither asked for nor known."""
        part = {"part": "student", "model": self.model, "path": path, "recipe": recipe, "tests": num_test}
        if path == DISTIL and self.distil_from != SOFT:
            part["distil_from"] = self.distil_from
        if path != ANNOTATE and self.teacher != TEACHER:
            part["teacher"] = self.teacher
        of = {**part, **vars(cell)}
        if not is_asked:
            return self.cells.known(**of)
        few = smaller(self.few, num_test=num_test)
        asked = AskedStudent(
            model=self.model, teacher=self.teacher, path=path, recipe=recipe, distil_from=self.distil_from
        )
        return self.cells.once(lambda: student(few, asked, num_labels=cell.num_labels, seed=cell.draw), **of)

    def _score(self, predicted: Answers) -> float:
        """The set's metric in percent."""
        task_type, rows = TASK_TYPES[self.few.task_type], self._test
        tally = task_type.tally(rows=rows, predicted=predicted, labels=self.few.label_names)
        return round(100 * float(task_type.score(totals_RK=tally.totals())[self.few.metric][0]), 2)

    def _interval(self, chosen: Answered) -> Found:
        """Return the interval over examples in percent, and how much other labels would move the score."""
        metrics = split_metrics(
            task_type=TASK_TYPES[self.few.task_type],
            rows=self._test,
            answers=SplitAnswers(of_seeds=[chosen.predicted], of_parts=chosen.of_parts),
            labels=self.few.label_names,
            settings=EvaluationSettings(metric=self.few.metric),
            seed=0,
        )[self.few.metric]
        found = {"low": round(100 * metrics["low"], 2), "high": round(100 * metrics["high"], 2)}
        spread = metrics.get("over_labels")
        return found if spread is None else {**found, "sd_over_labels": round(100 * spread["sd"], 2)}

    @cached_property
    def _test(self) -> Rows:
        return as_rows(self.few.test, TASK_TYPES[self.few.task_type].input_fields)


def paths_of(recipes: Sequence[str]) -> list[tuple[str, str]]:
    """What to train: a student by each recipe on the labels; with `auto` among them a teacher, and a distilled one."""
    others = [(FINETUNED_TEACHER, AUTO), (DISTIL, AUTO)] if AUTO in recipes else []
    return [*((ANNOTATE, recipe) for recipe in recipes), *others]
