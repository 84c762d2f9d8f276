"""An exported classifier, run by ONNX Runtime on the CPU in the place of its torch model."""

from pathlib import Path

import torch
from torch import Tensor, nn

from training.answers import WORD_TOKENS
from training.data import PLACES
from training.models.heads import at_places, at_words
from training.models.pretrained import PretrainedUnusable


class OnnxModel(nn.Module):
    """A graph that takes a classifier's padded inputs; it computes on as many threads as torch is set to."""

    def __init__(self, *, path: Path, pooling: str, answer_length: int = 0) -> None:
        super().__init__()
        # Imported here: training needs no second runtime.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # A thread that spins while it waits takes time from whatever else wants its core.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime raises bare ones
            reason = str(error).splitlines()[0]
            raise PretrainedUnusable(
                f"The graph {path} cannot be loaded ({reason}). Export the model again."
            ) from error
        self._names = [one.name for one in self._session.get_inputs()]
        self.pooling = pooling
        self.answer_length = answer_length

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return logits (U, C), as the torch model does."""
        given = {name: inputs[name].numpy() for name in self._names}
        found, *further = (torch.from_numpy(one) for one in self._session.run(None, given))
        if PLACES in inputs:
            return at_places(torch.stack([found, *further], dim=-1), inputs[PLACES])
        return at_words(found, inputs[WORD_TOKENS]) if WORD_TOKENS in inputs else found
