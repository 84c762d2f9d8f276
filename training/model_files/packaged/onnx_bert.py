"""A BERT encoder shipped as an fp32 ONNX graph, turned back into a checkpoint that can be trained."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.model_files.packaged.base import PackagedModel, WeightsDiffer, unpacked_once
from training.model_files.packaged.folder import PackagedFolder
from training.runtime import file_hash

if TYPE_CHECKING:
    import torch
    from transformers import BertConfig

_TOKENIZER_FILES = ("special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
ENCODER_PREFIX = "model.0.auto_model."


@dataclass(frozen=True, kw_only=True)
class OnnxBert(PackagedModel):
    """An exported sentence encoder; its tokenizer comes from a carrier with the same vocabulary."""

    onnx_path: str
    num_layers: int
    num_heads: int
    tokenizer_from: PackagedFolder

    def folder(self, *, name: str) -> Path:
        source = self.packaged_file(self.requirements[0], self.onnx_path)
        return unpacked_once(name=name, fingerprint=self.sha256, unpack=partial(self._convert, source))

    def _convert(self, source: Path, target: Path) -> None:
        # Imported here: whoever looks a model up needs neither torch nor onnx.
        import onnx
        from transformers import BertModel

        self.check(file_hash(source))
        weights = encoder_weights(onnx.load(str(source)))
        encoder = BertModel(self._config(weights), add_pooling_layer=False)
        absent, unexpected = encoder.load_state_dict(weights, strict=False)
        if absent or unexpected:
            raise WeightsDiffer(f"{source.name} does not fit: absent {absent}, unexpected {unexpected}. Repin it.")
        encoder.save_pretrained(target)
        tokenizer = self.tokenizer_from.folder(name="tokenizer")
        for file_name in _TOKENIZER_FILES:
            shutil.copyfile(tokenizer / file_name, target / file_name)

    def _config(self, weights: dict[str, torch.Tensor]) -> BertConfig:
        from transformers import BertConfig

        vocabulary, width = weights["embeddings.word_embeddings.weight"].shape
        return BertConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            num_hidden_layers=self.num_layers,
            num_attention_heads=self.num_heads,
            intermediate_size=len(weights["encoder.layer.0.intermediate.dense.bias"]),
        )


def encoder_weights(graph_file: Any) -> dict[str, torch.Tensor]:
    """Read the weights of an `onnx.ModelProto` under the names BertModel gives them, fp32, matrices as (out, in).

    The exporter keeps the names of embeddings, norms and biases; the matrices became anonymous operands, transposed, of
    nodes that still have their module's path.
    """
    import torch
    from onnx import numpy_helper

    graph = graph_file.graph
    arrays = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    weights = {
        name.removeprefix(ENCODER_PREFIX): torch.from_numpy(array.copy())
        for name, array in arrays.items()
        if name.startswith(ENCODER_PREFIX)
    }
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in arrays:
            module = node.name.partition("/auto_model/")[2].removesuffix("/MatMul").replace("/", ".")
            weights[f"{module}.weight"] = torch.from_numpy(arrays[node.input[1]].T.copy())
    return weights
