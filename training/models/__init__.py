"""Models: encoders with a head, text-to-text models, and the checkpoints both start from."""

from training.models.adapters import add_adapters, merge_adapters
from training.models.answer_codec import AnswerCodec
from training.models.decoder_only import DecoderOnly
from training.models.frozen import frozen_states
from training.models.heads import (
    AnswerMarker,
    BiEncoder,
    EncoderClassifier,
    EncoderTagger,
    LogitsAndVectors,
    PairCosine,
    parameter_groups,
    state_in_fp32,
)
from training.models.layers import freeze_layers
from training.models.onnx_model import OnnxModel
from training.models.packing import packed_linears
from training.models.pretrained import (
    Pretrained,
    PretrainedUnusable,
    can_write,
    check_segments,
    load_pretrained,
    load_tokenizer,
    model_folder,
    tokenizer_hash,
)
from training.models.question_answering import question_answerer
from training.models.seq2seq import TARGETS, GeneratedTokens, TextToText

__all__ = [
    "TARGETS",
    "AnswerCodec",
    "AnswerMarker",
    "BiEncoder",
    "DecoderOnly",
    "EncoderClassifier",
    "EncoderTagger",
    "GeneratedTokens",
    "LogitsAndVectors",
    "OnnxModel",
    "PairCosine",
    "Pretrained",
    "PretrainedUnusable",
    "TextToText",
    "add_adapters",
    "can_write",
    "check_segments",
    "freeze_layers",
    "frozen_states",
    "load_pretrained",
    "load_tokenizer",
    "merge_adapters",
    "model_folder",
    "packed_linears",
    "parameter_groups",
    "question_answerer",
    "state_in_fp32",
    "tokenizer_hash",
]
