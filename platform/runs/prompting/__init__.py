"""A study's prompt for a language model, and labelling jobs: answers that people buy as a preview or as labels."""

from runs.prompting.carrying_out import carry_out_labeling_job, follow_labeling_jobs
from runs.prompting.labeling_jobs import (
    MOST_LABELLED,
    NUM_PREVIEWED,
    TASK,
    LabelingJobImpossible,
    LabelingJobQuote,
    quote_labeling_job,
    resume_labeling_job,
    start_labeling_job,
    stop_labeling_job,
)
from runs.prompting.showing import (
    LabelingJobNotFound,
    LabelShare,
    ShownAnswers,
    entries_of,
    find_labeling_job,
    shown_answers,
)
from runs.prompting.versions import PromptUnchanged, save_version

__all__ = [
    "MOST_LABELLED",
    "NUM_PREVIEWED",
    "TASK",
    "LabelShare",
    "LabelingJobImpossible",
    "LabelingJobNotFound",
    "LabelingJobQuote",
    "PromptUnchanged",
    "ShownAnswers",
    "carry_out_labeling_job",
    "entries_of",
    "find_labeling_job",
    "follow_labeling_jobs",
    "quote_labeling_job",
    "resume_labeling_job",
    "save_version",
    "shown_answers",
    "start_labeling_job",
    "stop_labeling_job",
]
