"""Closing a project to new work, in one transaction, and reopening it; called by Fulcrum's own account."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from projects.models import Project
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from tasks.models import Annotation, AnnotationDraft, Task, TaskLock
from users.models import User

from labeling.server.models import Closure

MAX_KEEP_SECONDS = 30 * 24 * 3600


@api_view(["POST"])
def withdraw(request: Request) -> Response:
    """Close a project: delete what nobody answered or has open, keep what is open for whoever has it.

    May be repeated: what was kept longer than `keep_seconds`, or was answered, is then kept no longer.
    """
    message = str(request.data.get("message", ""))[:400]
    keep_seconds = max(0, min(_whole_number(request, "keep_seconds"), MAX_KEEP_SECONDS))
    return Response(_withdraw(project_of(request), message, keep_seconds))


@api_view(["POST"])
def reopen(request: Request) -> Response:
    """Let a project take work again, but for the examples in `shut`. May be repeated."""
    project, shut = project_of(request), _examples(request, "shut")
    with transaction.atomic():
        for task in shut.select_for_update():
            # Asking for no more than is there keeps the example out of Label Studio's queue.
            num_answers = task.annotations.filter(was_cancelled=False).count()
            shut.filter(pk=task.pk).update(overlap=max(num_answers, 1), is_labeled=True)
        Closure.objects.filter(project_id=project.pk).delete()
    return Response({})


@api_view(["POST"])
@transaction.atomic
def shut(request: Request) -> Response:
    """Offer some examples to nobody else: delete what nobody answered or has open, let who has one open finish it.

    May be repeated: what is not in `keep_open` is kept open for nobody.
    """
    project, chosen = project_of(request), _examples(request, "examples")
    may_stay = set(_examples(request, "keep_open").values_list("pk", flat=True))
    kept = []
    # As in `_withdraw`: wait for requests that are being given one of them.
    for task in chosen.select_for_update().order_by("pk"):
        people = _people_at(task) if task.pk in may_stay else []
        num_answers = task.annotations.filter(was_cancelled=False).count()
        # Asking for no more than is there, or is being made, keeps the example out of Label Studio's queue.
        chosen.filter(pk=task.pk).update(overlap=max(num_answers + len(people), 1), is_labeled=not people)
        _lock_task_for(task, people)
        kept += [_kept_row(task, one) for one in people]
    unused = chosen.exclude(pk__in=[one["id"] for one in kept]).exclude(annotations__isnull=False)
    _delete(project, unused)
    return Response({"kept": kept, "left": list(chosen.values_list("pk", flat=True))})


def _people_at(task: Task) -> list[User]:
    """People who have an example open, or a draft for it, and have not answered it."""
    locks = TaskLock.objects.filter(task=task, expire_at__gt=timezone.now()).values("user")
    drafts = AnnotationDraft.objects.filter(task=task, annotation__isnull=True).values("user")
    answered = Annotation.objects.filter(task=task).values("completed_by")
    opened = User.objects.filter(Q(pk__in=locks) | Q(pk__in=drafts))
    return list(opened.exclude(pk__in=answered).order_by("pk"))


def _lock_task_for(task: Task, people: list[User]) -> None:
    """Leave one lock for each of these people, so that the queue gives the example to nobody else."""
    until = timezone.now() + timedelta(seconds=MAX_KEEP_SECONDS)
    TaskLock.objects.filter(task=task).exclude(user__in=people).delete()
    for one in people:
        if not TaskLock.objects.filter(task=task, user=one).update(expire_at=until):
            TaskLock.objects.create(task=task, user=one, expire_at=until)


def project_of(request: Request) -> Project:
    if not request.user.is_staff:
        raise PermissionDenied("Only Fulcrum's own account closes projects.")
    found = Project.objects.filter(pk=_whole_number(request, "project")).first()
    if found is None:
        raise NotFound("There is no such project.")
    return found


def _examples(request: Request, name: str) -> Any:
    ids = request.data.get(name)
    if not isinstance(ids, list) or not all(isinstance(one, int) for one in ids):
        raise ValidationError({name: ["This is not a list of ids."]})
    return Task.objects.filter(project=project_of(request), pk__in=ids)


def _whole_number(request: Request, name: str) -> int:
    value = request.data.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValidationError({name: [f"{value!r} is not a whole number."]})
    return value


@transaction.atomic
def _withdraw(project: Project, message: str, keep_seconds: int) -> dict[str, Any]:
    _, is_new = Closure.objects.get_or_create(project_id=project.pk, defaults={"message": message})
    closure = Closure.objects.select_for_update().get(project_id=project.pk)
    # A request that is given an example holds its row until its lock on it is written: wait for it, then look.
    unanswered = Task.objects.filter(project=project, is_labeled=False)
    list(unanswered.select_for_update().order_by("pk").values_list("pk", flat=True))
    kept = _open_now(project) if is_new else _still_kept(closure, keep_seconds)
    closure.kept = {str(user): task for user, task in kept.items()}
    closure.save(update_fields=["kept"])
    _lock_for(project, kept, closure.since + timedelta(seconds=keep_seconds))
    _delete(project, unanswered.exclude(pk__in=kept.values()).exclude(annotations__isnull=False))
    users, tasks = User.objects.in_bulk(kept), Task.objects.in_bulk(kept.values())
    rows = [_kept_row(tasks[task], users[user]) for user, task in kept.items()]
    return {"kept": rows, "left": list(Task.objects.filter(project=project).values_list("pk", flat=True))}


def _kept_row(task: Task, user: User) -> dict[str, Any]:
    return {"item_uid": task.data.get("item_uid", ""), "id": task.pk, "email": user.email}


def _open_now(project: Project) -> dict[int, int]:
    """By person, the example that they opened last and have not answered."""
    answered = set(Annotation.objects.filter(project=project).values_list("completed_by", "task"))
    ttl = timedelta(seconds=settings.TASK_LOCK_TTL)
    locks = TaskLock.objects.filter(task__project=project, expire_at__gt=timezone.now())
    drafts = AnnotationDraft.objects.filter(task__project=project, annotation__isnull=True)
    opened: list[tuple[datetime, int, int]] = [
        *((expires - ttl, user, task) for expires, user, task in locks.values_list("expire_at", "user", "task")),
        *drafts.values_list("updated_at", "user", "task"),
    ]
    return {user: task for _, user, task in sorted(opened) if (user, task) not in answered}


def _still_kept(closure: Closure, keep_seconds: int) -> dict[int, int]:
    if timezone.now() >= closure.since + timedelta(seconds=keep_seconds):
        return {}
    kept = {int(user): task for user, task in closure.kept.items()}
    answers = Annotation.objects.filter(project_id=closure.project_id, task__in=kept.values())
    answered = set(answers.values_list("completed_by", "task"))
    there = set(Task.objects.filter(pk__in=kept.values()).values_list("pk", flat=True))
    return {user: task for user, task in kept.items() if task in there and (user, task) not in answered}


def _lock_for(project: Project, kept: dict[int, int], until: datetime) -> None:
    """Leave one lock per person, on what they may finish, so that the queue gives them nothing else."""
    locks = TaskLock.objects.filter(task__project=project)
    mine = {(lock.user_id, lock.task_id): lock for lock in locks}
    chosen = [mine.get(pair) or TaskLock(user_id=pair[0], task_id=pair[1]) for pair in kept.items()]
    for lock in chosen:
        lock.expire_at = until
        lock.save()
    locks.exclude(pk__in=[lock.pk for lock in chosen]).delete()


def _delete(project: Project, tasks: Any) -> None:
    ids = list(tasks.values_list("pk", flat=True))
    chosen = Task.objects.filter(pk__in=ids)
    project.summary.remove_data_columns(chosen)
    Task.delete_tasks_without_signals(chosen)
    Task.after_bulk_delete_actions(ids, project)
