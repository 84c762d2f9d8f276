"""A classifier as an ONNX graph, and that graph with weights in eight bits."""

import inspect
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.answers import WORD_TOKENS, Rows
from training.data import SECOND, collate
from training.evaluation import Predictor
from training.models import AnswerMarker, EncoderClassifier
from training.runtime import PermanentFailure
from training.tasks import TaskType

OUTPUT = "logits"
# As the library's own exports of such models call them.
OUTPUTS_OF_MARKS = ("start_logits", "end_logits")
# Unequal lengths, none of one token: a size that is the same everywhere, or 1, could be taken for a constant.
TEXTS = (("a b c d", "a b c d e f g"), ("a b c d e f", "a b"))
# The products of quantised weights, by the names of their operators.
QUANTISED = frozenset({"MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"})


class ExportRefused(PermanentFailure):
    """A model cannot be exported, or what came of it is not what it was."""


class _ByPlace(nn.Module):
    """A classifier that takes its inputs by place instead of by name."""

    def __init__(self, model: EncoderClassifier, names: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.model.graph_outputs(dict(zip(self.names, inputs, strict=True)))


def write_graph(*, predictor: Predictor, path: Path) -> list[str]:
    """Write a classifier as one file, for batches of any size and texts of any length; returns its inputs' names.

    Raises: ExportRefused.
    """
    model = predictor.model
    if not isinstance(model, EncoderClassifier):
        raise ExportRefused(
            f"This model writes its answers token by token, which no single graph does. {_instead(predictor.task_type)}"
        )
    # Imported here: an export alone needs it.
    from onnx_ir.passes.common import ClearMetadataAndDocStringPass

    inputs = _example(predictor)
    anything = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    try:
        with torch.no_grad(), _quiet():
            program = torch.onnx.export(
                _ByPlace(model.eval(), list(inputs)),
                tuple(inputs.values()),
                input_names=list(inputs),
                output_names=list(OUTPUTS_OF_MARKS if isinstance(model, AnswerMarker) else (OUTPUT,)),
                dynamic_shapes=((dict(anything),) * len(inputs),),
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # whatever tracing meets in a model's code
        family = model.encoder.config.model_type  # type: ignore[union-attr]
        reason = str(error).strip().splitlines()[0]
        raise ExportRefused(f"Encoders of the family {family} cannot be exported ({reason}).") from error
    assert program is not None
    # Where each operator comes from, with paths of this machine.
    ClearMetadataAndDocStringPass()(program.model)
    program.save(str(path), external_data=False)
    return list(inputs)


def _instead(task_type: TaskType) -> str:
    """Say what there is in place of an export of a model that writes."""
    served = "Serve the model itself with manage.py serve."
    if task_type.has_labels:
        return f"Distil it into a student that is an encoder, and export that. {served}"
    return (
        f"Train an encoder that marks answers in passages, and export that. {served}"
        if task_type.can_be_marked
        else served
    )


def quantise(*, source: Path, target: Path) -> None:
    """Write a graph whose matrices are int8, scaled by column; activations are scaled as they come.

    Raises: ExportRefused, where nothing in it could be quantised.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet():
        # Seven bits: two products of eight overflow on a processor without VNNI.
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    operators = {node.op_type for node in onnx.load(str(target), load_external_data=False).graph.node}
    if not operators & QUANTISED:
        raise ExportRefused("None of the model's layers could be put into int8. Export it as onnx.")


def _example(predictor: Predictor) -> dict[str, Tensor]:
    fields = predictor.task_type.input_fields
    columns = {field: list(texts) for field, texts in zip(fields, TEXTS, strict=False)}
    rows = Rows(uids=["1", "2"], columns=columns, gold=None)
    inputs = collate(rows=predictor.encoded(rows), indices=np.arange(2), device=torch.device("cpu"))
    model: Any = predictor.model
    taken = inspect.signature(model.encoder.forward).parameters
    return {
        name: tensor for name, tensor in inputs.items() if name != WORD_TOKENS and name.removeprefix(SECOND) in taken
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what exporters tell of their own insides from whoever exports a model."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
