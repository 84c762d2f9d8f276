"""Calls to Label Studio through its SDK. Reads are tried again for a moment; writes never are.

The SDK's own retries are off, since it repeats a POST too.
"""

import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import httpx
from label_studio_sdk.core.api_error import ApiError

from config.deadlines import deadline
from config.refusals import Refusal
from labeling import proofs
from labeling.label_studio import outages

READ_ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.25
# For the next byte of an answer.
READ_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5
# For a whole call: all its tries, however slowly the answers come. A list takes a request for each page.
READ_SECONDS = 60
LIST_SECONDS = 300
WRITE_TIMEOUT_SECONDS = 60
IMPORT_TIMEOUT_SECONDS = 30
PASSING_TROUBLE = frozenset({408, 429, 500, 502, 503, 504})
IDS_PER_EXPORT = 100
TASKS_PER_PAGE = 500
LONGEST_WHOLE_NUMBER = 1_000
EVENTS = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED")

T = TypeVar("T")


class LabelStudioUnreachable(Refusal):
    """Label Studio does not respond, or reports a temporary error; it may be tried again later."""


class LabelStudioBadResponse(LabelStudioUnreachable):
    """Label Studio responds, but with an internal error or with invalid JSON."""


class LabelStudioTimedOut(LabelStudioUnreachable):
    """A call to Label Studio took too long."""


class LabelStudioRefused(Refusal):
    """Label Studio refused; trying again will not help."""


class LabelStudioMissing(LabelStudioRefused):
    """Label Studio has no such project, or no such row of it."""


# It is given `request_options`.
SdkCall = Callable[..., T]


@dataclass(frozen=True, kw_only=True)
class ProjectPlan:
    uid: str
    title: str
    config: str
    annotations_per_example: int
    takes_empty: bool = False

    @property
    def description(self) -> str:
        return f"Made by Fulcrum, which keeps it up to date. {marker(self.uid)}"


def marker(uid: str) -> str:
    """What marks a project's description: Label Studio has no field for a foreign id."""
    return f"fulcrum:{uid}"


@dataclass(frozen=True, kw_only=True)
class ListedExample:
    """An example in Label Studio; `overlap` is how many answers it asks for, `num_answers` included."""

    id: int
    updated_at: datetime
    overlap: int
    num_answers: int
    num_skips: int


@dataclass(frozen=True, kw_only=True)
class KeptOpen:
    """An example that a person had open when it was withdrawn, and may finish."""

    item_uid: str
    id: int
    email: str


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """What is kept open for whom, and the ids of what is still there."""

    kept: tuple[KeptOpen, ...]
    left: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class LabelStudioClient:
    url: str
    sdk: Any  # its types say Optional of everything that Label Studio always sends

    def release(self) -> str:
        return str(self._read(self.sdk.versions.get).release)

    def prove(self, *, challenge: str) -> str:
        """Ask for a proof that this is our own Label Studio, without sending our token."""
        http: httpx.Client = self.sdk._client_wrapper.httpx_client.httpx_client

        def ask(*, request_options: Any) -> str:
            answer = http.get(f"{self.url}/{proofs.PATH}", params={"challenge": challenge})
            if answer.status_code in PASSING_TROUBLE:
                raise ApiError(status_code=answer.status_code, body=answer.text)
            return answer.text

        return self._read(ask)

    def find_project(self, *, uid: str) -> int | None:
        projects: list[Any] = self._read(
            lambda **options: list(self.sdk.projects.list(include="id,description", **options))
        )
        return next((found.id for found in projects if marker(uid) in (found.description or "")), None)

    def update_project(self, *, project_id: int, plan: ProjectPlan) -> None:
        found = self._read(lambda **options: self.sdk.projects.get(project_id, **options))
        if (found.title, found.label_config) != (plan.title, plan.config):
            wanted = {"title": plan.title, "label_config": plan.config}
            self._write(lambda **options: self.sdk.projects.update(project_id, **wanted, **options))

    def create_project(self, *, plan: ProjectPlan) -> int:
        made = self._write(
            lambda **options: self.sdk.projects.create(
                title=plan.title,
                description=plan.description,
                label_config=plan.config,
                maximum_annotations=plan.annotations_per_example,
                sampling="Sequential sampling",
                show_skip_button=True,
                skip_queue="REQUEUE_FOR_OTHERS",
                enable_empty_annotation=plan.takes_empty,
                **options,
            )
        )
        return int(made.id)

    def ensure_view(self, *, project_id: int) -> None:
        """Make the tab that Label Studio's page makes when it finds none; annotators may not make one."""
        views = self._read(lambda **options: self.sdk.views.list(project=project_id, **options))
        if not views:
            data: Any = {"title": "Examples", "type": "list", "target": "tasks"}
            self._write(lambda **options: self.sdk.views.create(project=project_id, data=data, **options))

    def ensure_webhook(self, *, project_id: int, url: str, headers: dict[str, str]) -> None:
        """Make the project's one webhook, without content."""
        hooks = self._read(lambda **options: self.sdk.webhooks.list(project=project_id, **options))
        if any(hook.url == url and hook.headers == headers and hook.is_active for hook in hooks):
            return
        for hook in hooks:
            if hook.url.rsplit("/", 1)[-1] == url.rsplit("/", 1)[-1]:
                hook_id = hook.id
                self._write(lambda hook_id=hook_id, **options: self.sdk.webhooks.delete(hook_id, **options))
        wanted = {"send_payload": False, "send_for_all_actions": False}
        self._write(
            lambda **options: self.sdk.webhooks.create(
                url=url, project=project_id, actions=EVENTS, headers=headers, **wanted, **options
            )
        )

    def create_examples(self, *, project_id: int, rows: Sequence[dict[str, Any]]) -> None:
        """Send examples in one POST: all of them arrive, or none."""
        self._write(
            lambda **options: self.sdk.projects.import_tasks(
                project_id, request=rows, commit_to_project=True, return_task_ids=False, **options
            ),
            seconds=IMPORT_TIMEOUT_SECONDS,
        )

    def examples_of_batch(self, *, project_id: int, batch_uid: str) -> dict[str, int]:
        """Map item uid to Label Studio's id for what a batch put there; the first, should one be there twice."""
        is_of_batch = {
            "filter": "filter:tasks:data.batch_uid",
            "operator": "equal",
            "type": "String",
            "value": batch_uid,
        }
        query = json.dumps({"filters": {"conjunction": "and", "items": [is_of_batch]}})
        what = {"include": "id,data", "fields": "task_only", "page_size": TASKS_PER_PAGE}
        tasks: list[Any] = self._read(
            lambda **options: list(self.sdk.tasks.list(project=project_id, query=query, **what, **options)),
            seconds=LIST_SECONDS,
        )
        found: dict[str, int] = {}
        for task in tasks:
            uid = str(task.data["item_uid"])
            found[uid] = min(task.id, found.get(uid, task.id))
        return found

    def examples(self, *, project_id: int) -> list[ListedExample]:
        """List all examples of a project. Raises: LabelStudioMissing (there is no such project)."""
        found = self._read(self._page("fulcrum/examples", {"project": project_id}))
        return [
            ListedExample(id=pk, updated_at=as_datetime(changed), overlap=overlap, num_answers=answers, num_skips=skips)
            for pk, changed, overlap, answers, skips in found["examples"]
        ]

    def set_overlap(self, *, project_id: int, overlap: Mapping[int, int]) -> None:
        """Set how many answers each example asks for, existing ones included; may be repeated."""
        self._write(self._page("fulcrum/overlap", {"project": project_id, "overlap": list(overlap.items())}))

    def is_gone(self, *, project_id: int) -> bool:
        """Whether Label Studio itself, not a proxy in its place, reports that it has no such project."""
        try:
            self._read(lambda **options: self.sdk.projects.get(project_id, **options))
        except LabelStudioMissing:
            return bool(self.release())
        return False

    def export(self, *, project_id: int, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Fetch examples with their annotations in full; only the export has their unique ids."""
        assert 0 < len(ids) <= IDS_PER_EXPORT
        # The SDK's own `ids` goes out under a name that Label Studio ignores, and brings everything.
        chosen = {"additional_query_parameters": {"ids[]": list(ids)}}
        content: bytes = self._read(
            lambda request_options: b"".join(
                self.sdk.projects.exports.download_sync(
                    project_id,
                    export_type="JSON",
                    download_all_tasks=True,
                    request_options={**request_options, **chosen},
                )
            )
        )
        return self._rows(content)

    def _rows(self, content: bytes) -> list[dict[str, Any]]:
        """Parse an export, which may have numbers of any length and any depth."""
        try:
            rows = json.loads(content, parse_int=_whole_number)
        except (ValueError, RecursionError) as error:
            raise LabelStudioBadResponse(f"Label Studio at {self.url} exported invalid JSON: {error}.") from error
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise LabelStudioBadResponse(f"Label Studio at {self.url} did not export a list of examples.")
        return rows

    def withdraw(self, *, project_id: int, message: str, keep_seconds: int) -> Withdrawal:
        """Close a project and delete examples without answers that nobody has open; may be repeated."""
        body = {"project": project_id, "message": message, "keep_seconds": keep_seconds}
        return _withdrawal(self._write(self._page("fulcrum/withdraw", body)))

    def reopen(self, *, project_id: int, shut: Sequence[int]) -> None:
        """Let a project take work again, but for some of its examples; may be repeated."""
        self._write(self._page("fulcrum/reopen", {"project": project_id, "shut": list(shut)}))

    def shut(self, *, project_id: int, ids: Sequence[int], keep_open: Sequence[int]) -> Withdrawal:
        """Close examples, and delete those without answers; who has one of `keep_open` open may finish it."""
        body = {"project": project_id, "examples": list(ids), "keep_open": list(keep_open)}
        return _withdrawal(self._write(self._page("fulcrum/shut", body)))

    def people(self) -> dict[int, str]:
        users = self._read(self.sdk.users.list)
        return {user.id: user.email.lower() for user in users if user.id is not None and user.email}

    def _page(self, path: str, body: dict[str, Any]) -> SdkCall[Any]:
        """Call one of our own pages inside Label Studio, which its SDK does not have."""

        def send(*, request_options: Any) -> Any:
            answer = self.sdk._client_wrapper.httpx_client.request(
                path, method="POST", json=body, request_options=request_options
            )
            if answer.status_code != httpx.codes.OK:
                raise ApiError(status_code=answer.status_code, body=_body(answer))
            try:
                return answer.json()
            except ValueError as error:
                raise LabelStudioBadResponse(
                    f"Label Studio at {self.url} answered {path} with invalid JSON."
                ) from error

        return send

    def _read(self, call: SdkCall[T], *, seconds: int | None = None) -> T:
        with deadline(seconds=seconds or READ_SECONDS):
            for attempt in range(1, READ_ATTEMPTS + 1):
                try:
                    return self._once(call, READ_TIMEOUT_SECONDS)
                except LabelStudioTimedOut:
                    raise
                except LabelStudioUnreachable:
                    if attempt == READ_ATTEMPTS:
                        raise
                time.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
        raise AssertionError("the last attempt returns or raises")

    def _write(self, call: SdkCall[T], seconds: int = WRITE_TIMEOUT_SECONDS) -> T:
        with deadline(seconds=seconds):
            return self._once(call, seconds)

    def _once(self, call: SdkCall[T], seconds: int) -> T:
        options = {"max_retries": 0, "timeout_in_seconds": seconds}
        try:
            found = translated(url=self.url, call=lambda: call(request_options=options))
        except LabelStudioTimedOut:
            outages.note_timeout(url=self.url)
            raise
        outages.note_answer(url=self.url)
        return found


def translated(*, url: str, call: Callable[[], T]) -> T:
    """Call, turning the errors of the SDK and the network into LabelStudioUnreachable and LabelStudioRefused."""
    try:
        return call()
    except httpx.TimeoutException as error:
        raise LabelStudioTimedOut(
            f"Label Studio at {url} did not answer in time ({type(error).__name__}); it may be busy or hang."
        ) from error
    except httpx.RequestError as error:
        raise LabelStudioUnreachable(
            f"Label Studio at {url} does not answer ({type(error).__name__}). Is it running? `python3 manage.py up` "
            "starts it; a foreign one is set by LABEL_STUDIO_URL."
        ) from error
    except ApiError as error:
        raise _translate(url, error) from error


def _translate(url: str, error: ApiError) -> Exception:
    body = str(error.body)[:300]
    if error.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
        return LabelStudioBadResponse(f"Label Studio at {url} failed (500): {body}")
    if error.status_code in PASSING_TROUBLE:
        return LabelStudioUnreachable(f"Label Studio at {url} reported an error ({error.status_code}): {body}")
    if error.status_code == 401:
        return LabelStudioRefused(
            f"Label Studio at {url} does not accept our token. Set LABEL_STUDIO_API_TOKEN to a new one."
        )
    # A proxy in Label Studio's place answers so too, but not in its form.
    if error.status_code == httpx.codes.NOT_FOUND and isinstance(error.body, dict) and "detail" in error.body:
        return LabelStudioMissing(f"Label Studio at {url} returned 404: {error.body['detail']}")
    return LabelStudioRefused(f"Label Studio at {url} refused ({error.status_code}): {body}")


def as_datetime(value: datetime | str) -> datetime:
    """Read a time; the SDK gives some as text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _whole_number(digits: str) -> int | float:
    """Read a whole number; Python refuses very long ones, which are as good as infinite here."""
    return int(digits) if len(digits) < LONGEST_WHOLE_NUMBER else math.copysign(math.inf, float(digits[:2]))


def _withdrawal(found: dict[str, Any]) -> Withdrawal:
    return Withdrawal(kept=tuple(KeptOpen(**one) for one in found["kept"]), left=frozenset(found["left"]))
