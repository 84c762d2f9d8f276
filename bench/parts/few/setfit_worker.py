"""SetFit on one draw of labels, by an interpreter that has the `setfit` package: it imports nothing of ours.

`python setfit_worker.py REQUEST ANSWER` reads a JSON file and writes one. The request has `model`, a folder with a
checkpoint's weights and tokenizer, `max_length`, `texts` with their `labels`, the `test` texts, and a `seed`; the
answer has `predicted` and the `seconds` of the processor that training and predicting took.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["WANDB_MODE"] = "disabled"

# Of each text, so many pairs of one label and as many of two are learned from, in batches of so many, as in
# Tunstall et al., "Efficient Few-Shot Learning Without Prompts", 2022.
NUM_ITERATIONS, BATCH_SIZE, NUM_EPOCHS = 20, 16, 1


def main() -> None:
    request, answer = map(Path, sys.argv[1:])
    asked = json.loads(request.read_text(encoding="utf-8"))
    answer.write_text(json.dumps(_answered(asked)), encoding="utf-8")


def _answered(asked: dict[str, Any]) -> dict[str, Any]:
    # Imported here: only this interpreter has them.
    import torch
    from datasets import Dataset, disable_progress_bars
    from sentence_transformers import SentenceTransformer, models
    from setfit import SetFitModel, Trainer, TrainingArguments
    from sklearn.linear_model import LogisticRegression

    torch.set_num_threads(1)
    disable_progress_bars()
    began = time.process_time()
    words = models.Transformer(asked["model"], max_seq_length=asked["max_length"])
    pooling = models.Pooling(words.get_word_embedding_dimension(), pooling_mode="mean")
    body = SentenceTransformer(modules=[words, pooling], device="cpu")
    model = SetFitModel(model_body=body, model_head=LogisticRegression())
    arguments = TrainingArguments(
        output_dir=f"{asked['model']}/setfit",
        batch_size=BATCH_SIZE,
        num_epochs=NUM_EPOCHS,
        num_iterations=NUM_ITERATIONS,
        seed=asked["seed"],
        save_strategy="no",
        report_to="none",
        show_progress_bar=False,
    )
    train = Dataset.from_dict({"text": asked["texts"], "label": asked["labels"]})
    Trainer(model=model, args=arguments, train_dataset=train).train()
    predicted = [str(one) for one in model.predict(asked["test"], show_progress_bar=False)]
    return {"predicted": predicted, "seconds": time.process_time() - began}


if __name__ == "__main__":
    main()
