"""Labelled rows as a model is trained on them, with the loss against their answers."""

from training.answers import Rows
from training.data import DataInvalid, EncodedRows
from training.job import Job
from training.learners import encode_rows, learner_of, num_cut, with_gold_tokens
from training.spec import RunSpec
from training.tasks import TaskType
from training.train.objectives import GoldLoss, TokenLoss
from training.train.setup import ModelLoader


def gold_objective(
    *, rows: Rows, loader: ModelLoader, task_type: TaskType, spec: RunSpec
) -> tuple[EncodedRows, GoldLoss | TokenLoss]:
    """Encode labelled rows, and make the loss against their gold answers, on the CPU."""
    encoded = encode_rows(
        rows=rows,
        task_type=task_type,
        tokenizer=loader.tokenizer,
        max_length=spec.training.max_length,
        pooling=loader.pooling,
        frame=loader.frame,
    )
    if loader.codec is None:
        learner = learner_of(task_type)
        target = learner.targets(rows=rows, units=encoded.units, labels=spec.labels)
        return loader.prepared(encoded), GoldLoss(learner=learner, units=encoded.units, target=target)
    taught = with_gold_tokens(encoded=encoded, rows=rows, codec=loader.codec, all_references=True)
    return taught, TokenLoss.of_gold(taught)


def check_variety(*, gold: list[str], task_type: TaskType) -> None:
    """Raise DataInvalid if gold answers leave nothing to tell apart."""
    if not task_type.is_varied(gold):
        raise DataInvalid(
            f"data.train: all {len(gold)} examples are labelled {gold[0]!r}. Label examples of another kind too."
        )


def report_unreadable(job: Job, train: Rows, loader: ModelLoader) -> None:
    """Count the answers that a text-to-text model could not give however well it learned them."""
    codec = loader.codec
    if codec is None:
        return
    if not codec.task_type.has_labels:
        if cut := num_cut(rows=train, codec=codec):
            told = f"{cut} of {len(train)} gold texts are longer than {codec.max_tokens} tokens and are cut"
            job.progress.log(f"{told}. Raise training.answer_length.")
        return
    texts, answers = train.columns[codec.task_type.input_fields[0]], train.labelled()
    tokens = codec.tokens(answers=answers, texts=texts)
    read = [codec.read(tokens=ids, text=text) for ids, text in zip(tokens, texts, strict=True)]
    lost = sum(found != answer for found, answer in zip(read, answers, strict=True))
    if lost:
        job.progress.log(f"{lost} of {len(train)} gold answers read otherwise once the tokenizer has written them")
