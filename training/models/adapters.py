"""Low-rank adapters: a few small matrices beside the linear layers are trained, and the checkpoint stays as it is.

Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang and Chen, "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
"""

from typing import Any

from torch import nn

# What is learned is scaled by this over the rank times the rank, so that a rate suits any rank.
SCALE = 2


def add_adapters(*, language_model: nn.Module, rank: int) -> None:
    """Put an adapter beside every linear layer but the one that writes, and freeze all else; outputs do not change."""
    # Imported here: few runs need it, and it takes a second.
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(r=rank, lora_alpha=SCALE * rank, lora_dropout=0.0, target_modules="all-linear")
    model: Any = language_model
    inject_adapter_in_model(config, model)


def merge_adapters(language_model: nn.Module) -> None:
    """Add what adapters learned to the weights beside them, and take the adapters out; without any it does nothing."""
    from peft.tuners.lora import LoraLayer

    for name, layer in list(language_model.named_modules()):
        if isinstance(layer, LoraLayer):
            layer.merge(safe_merge=True)
            parent, _, last = name.rpartition(".")
            setattr(language_model.get_submodule(parent), last, layer.get_base_layer())
    language_model.requires_grad_(True)
