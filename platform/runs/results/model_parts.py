"""What a model's folder must hold to be used anywhere else."""

from pathlib import Path

from runs.models import Artifact
from training.contract import CARD_FILE, PREDICTIONS_FILE, SPEC_FILE, TOKENIZER_FILES

# Each part is there if any of its files is.
_PARTS = {
    "its configuration": ("config.json",),
    "its weights": ("model.safetensors", "model.safetensors.index.json"),
    "its tokenizer": TOKENIZER_FILES,
    "its label map": ("label_map.json",),
    "its settings": (SPEC_FILE,),
    "its predictions": (PREDICTIONS_FILE,),
    "its card": (CARD_FILE,),
}


def missing_parts(artifact: Artifact) -> list[str]:
    """Name the parts that a student's or teacher's folder lacks; all of them where the folder is gone."""
    folder: Path = artifact.path
    return [part for part, names in _PARTS.items() if not any((folder / name).is_file() for name in names)]
