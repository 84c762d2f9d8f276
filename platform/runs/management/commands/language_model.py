"""`manage.py language_model`: a study's prompt, and answers that are bought to see what it is worth, or as labels."""

from pathlib import Path as FilePath
from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.models import User
from accounts.queries import find_person
from budgets.models import Path
from budgets.money import ZERO, amount_text
from config.refusals import Refusal
from connections.prompts import PromptText
from connections.queries import outcomes_for
from runs.commands import add_setting, plan_of
from runs.models import LabelingJob
from runs.prompting import (
    NUM_PREVIEWED,
    LabelingJobImpossible,
    LabelingJobQuote,
    ShownAnswers,
    entries_of,
    find_labeling_job,
    quote_labeling_job,
    resume_labeling_job,
    save_version,
    shown_answers,
    start_labeling_job,
    stop_labeling_job,
)
from runs.requests import RunPlan, RunRequest, settings_of, settings_of_prompt, text_of, version_of
from studies.models import Study
from studies.queries import find_study

_PURPOSES = {"preview": LabelingJob.Purpose.PREVIEW, "label": LabelingJob.Purpose.LABELS}
_LONGEST_SHOWN = 100


class Command(RefusingCommand):
    help = "A study's prompt for a language model: show or edit it, preview it, label examples of the pool."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        prompt = actions.add_parser("prompt", help="show a text of the prompt and its versions; with a file, edit it")
        prompt.add_argument("study", help="its id or name")
        prompt.add_argument("--version", type=int, help="which text; the latest, if not given; 0 is the usual one")
        prompt.add_argument("--system", metavar="FILE", help="the text before the examples: makes the next version")
        prompt.add_argument("--message", metavar="FILE", help="the message with one example: makes the next version")
        preview = actions.add_parser("preview", help=f"have the first {NUM_PREVIEWED} examples answered")
        label = actions.add_parser("label", help="have examples of the pool labelled")
        label.add_argument("--examples", type=int, required=True, help="so many of those without a label")
        for one in (preview, label):
            _add_request(one)
        jobs = {"show": "how a labelling job stands", "stop": "ask no more", "resume": "go on with a paused one"}
        for name, help_text in jobs.items():
            one = actions.add_parser(name, help=help_text)
            one.add_argument("job", help="number of the labelling job; a preview is one too")
            if name != "show":
                one.add_argument("--as", dest="email", help="e-mail of who does it; who started it, if not given")
        for one in (prompt, preview, label):
            one.add_argument("--as", dest="email", help="e-mail of who does it; the study's creator, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        actions = {"prompt": self._prompt, "show": self._show, "stop": self._stop, "resume": self._resume}
        actions.get(options["action"], self._start)(options)

    def _prompt(self, options: dict[str, Any]) -> None:
        study = find_study(options["study"])
        shown = version_of(study=study, number=options["version"])
        text = text_of(shown, study=study)
        if options["system"] or options["message"]:
            edited = PromptText(
                system=_read(options, "system") or text.system, message=_read(options, "message") or text.message
            )
            made = save_version(actor=_actor(options, study.created_by), study=study, text=edited)
            self.stdout.write(f"{made} is kept, and runs that name no version use it. Preview it next.")
            return
        for one in study.prompt_versions.select_related("created_by").order_by("number"):
            made_at = f"{one.created_at:%Y-%m-%d %H:%M} UTC"
            self.stdout.write(f"Version {one.number}: {one.created_by}, {made_at}, {one.content_hash[:10]}")
        self.stdout.write(f"Shown: {f'version {shown.number}' if shown else 'the usual text'}")
        self.stdout.write(f"\nBefore the examples:\n{text.system}\n\nThe message with one example:\n{text.message}")

    def _start(self, options: dict[str, Any]) -> None:
        study, purpose = find_study(options["study"]), _PURPOSES[options["action"]]
        request = _request(study, options)
        quote = quote_labeling_job(request=request, purpose=purpose)
        self.stdout.write(_quote_text(quote))
        if quote.fault:
            raise LabelingJobImpossible(quote.fault)
        if not options["yes"]:
            self.stdout.write("Nothing is started yet: add --yes to start it.")
            return
        made = start_labeling_job(actor=_actor(options, study.created_by), request=request, purpose=purpose)
        self.stdout.write(f"{made} is started; a worker asks. See: manage.py language_model show {made.pk}")

    def _show(self, options: dict[str, Any]) -> None:
        job = find_labeling_job(options["job"])
        self._tell(job)
        currency = job.study.budget.currency
        for totals in outcomes_for(job.source_key):
            num_tokens = totals.input_tokens + totals.cached_tokens + totals.output_tokens
            self.stdout.write(f"  {totals.outcome}: {totals.num:,} requests, {num_tokens:,} tokens")
        for one in shown_answers(job, most=NUM_PREVIEWED):
            self.stdout.write(_answer_text(one, currency=currency))

    def _stop(self, options: dict[str, Any]) -> None:
        job = find_labeling_job(options["job"])
        self._tell(stop_labeling_job(actor=_actor(options, job.asked_by), job=job))
        self.stdout.write("What is in flight is waited for and paid.")

    def _resume(self, options: dict[str, Any]) -> None:
        job = find_labeling_job(options["job"])
        self._tell(resume_labeling_job(actor=_actor(options, job.asked_by), job=job))

    def _tell(self, job: LabelingJob) -> None:
        paid = sum((entry.amount for entry in entries_of(job)), ZERO)
        num_answers = len(job.example_ids) * job.prompt.payload.get("samples", 1)
        done = f"{job.num_done:,} of {num_answers:,} answers done"
        labelled = f", {job.labels.count():,} examples labelled" if job.purpose == LabelingJob.Purpose.LABELS else ""
        cost = f"{amount_text(paid)} {job.study.budget.currency}"
        self.stdout.write(f"{job}: {job.get_state_display().lower()}; {done}{labelled}; {cost} paid.")
        if job.reason:
            self.stdout.write(job.reason)


def _add_request(parser: CommandParser) -> None:
    parser.add_argument("study", help="its id or name")
    parser.add_argument("--connection", dest="teacher_connection", metavar="NAME", required=True, help="who is asked")
    parser.add_argument("--labels", type=int, help="labels that a run would have, for the shown examples; default all")
    for name in settings_of_prompt():
        add_setting(parser, settings_of(RunPlan)[name])
    parser.add_argument("--yes", action="store_true", help="start it; without, the cost is printed alone")


def _actor(options: dict[str, Any], otherwise: User) -> User:
    return find_person(options["email"]) if options["email"] else otherwise


def _request(study: Study, options: dict[str, Any]) -> RunRequest:
    return RunRequest(
        study=study,
        path=Path.DISTIL,
        plan=plan_of(options),
        num_labels=options["labels"],
        num_unlabelled=options.get("examples", 0),
    )


def _read(options: dict[str, Any], name: str) -> str:
    """The text of an option's file; empty without one. Raises: Refusal (it cannot be read, or is empty)."""
    if not options[name]:
        return ""
    try:
        text = FilePath(options[name]).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise Refusal(f"{options[name]} cannot be read: {error}. Give a file in UTF-8.", field=f"--{name}") from error
    if not text.strip():
        raise Refusal(f"{options[name]} is empty.", field=f"--{name}")
    return text


def _quote_text(quote: LabelingJobQuote) -> str:
    asked, tokens = quote.language_model, quote.tokens
    which = f"version {asked.version.number}" if asked.version else "the usual text"
    each = f", {tokens.samples} answers each" if tokens.samples > 1 else ""
    text = f"{asked.connection} is asked about {tokens.num_answers:,} examples{each}, by {which} of the prompt."
    if tokens.expected is None or tokens.most is None:
        return text
    currency = quote.request.study.budget.currency
    expected, most = (f"{amount_text(amount)} {currency}" for amount in (tokens.expected, tokens.most))
    return f"{text} Expected {expected} (from {tokens.basis}), at most {most}. Answers that are there cost nothing."


def _answer_text(one: ShownAnswers, *, currency: str) -> str:
    shares = ", ".join(f"{share.label} {share.share:.1%}" for share in one.shares) or "no answer"
    outcomes = ", ".join(one.outcomes) or "not asked yet"
    before = ", bought before" if one.was_there else ""
    cost = f"{one.tokens:,} tokens, {amount_text(one.cost)} {currency}{before}"
    return f"  {str(one.example)[:_LONGEST_SHOWN]!r}: {shares} ({outcomes}; {cost})"
