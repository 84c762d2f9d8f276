"""A model that marks answers, as the library's own class for it: others load it without any code of ours."""

import copy
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForQuestionAnswering
from transformers.models.auto.modeling_auto import MODEL_FOR_QUESTION_ANSWERING_MAPPING

from training.models.heads import AnswerMarker

# The library's class lets every token attend to the question, which the encoder alone does not.
_ATTENDS_OTHERWISE = {"longformer"}


def question_answerer(marker: AnswerMarker) -> nn.Module | None:
    """Return the same encoder and head in the library's class; None where its family has none with such a head."""
    config: Any = copy.deepcopy(marker.encoder.config)
    if type(config) not in MODEL_FOR_QUESTION_ANSWERING_MAPPING or config.model_type in _ATTENDS_OTHERWISE:
        return None
    config.num_labels = 2
    # Drawn weights, which are replaced, take nothing from the run's random numbers.
    with torch.random.fork_rng(devices=[]):
        model: Any = AutoModelForQuestionAnswering.from_config(config)
    head = getattr(model, "qa_outputs", None)
    fits = isinstance(head, nn.Linear) and head.weight.shape == marker.head.weight.shape
    if not fits or set(model.base_model.state_dict()) != set(marker.encoder.state_dict()):
        return None
    model.base_model.load_state_dict(marker.encoder.state_dict())
    model.qa_outputs.load_state_dict(marker.head.state_dict())
    return model  # type: ignore[no-any-return]
