"""People whose annotations come as a sync brings them, from a Label Studio that is not there."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from accounts.models import Role, User
from labeling.annotations import People, merge
from labeling.label_studio import RemoteAnnotation, RemoteExample
from labeling.models import Batch, Publication
from labeling.widgets import widget_of
from studies.models import Study
from tests import factories
from tests.integration.reports.ground import NOW
from tests.labelling import hold_examples


@dataclass
class Desk:
    """Annotators of a study whose examples are published, and what they answered so far, by example."""

    study: Study
    people: list[User]
    _answers: dict[int, list[RemoteAnnotation]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, study: Study, *, num_people: int = 3) -> "Desk":
        """Publish the study's pool, for so many annotators."""
        held = hold_examples(study)
        assert held is not None
        Batch.objects.filter(pk=held.batch.pk).update(state=Batch.State.PUBLISHED)
        for publication in Publication.objects.filter(example__study=study):
            publication.label_studio_id = publication.example_id
            publication.save()
        return cls(study=study, people=[factories.person(Role.ANNOTATOR) for _ in range(num_people)])

    def waiting(self) -> list[Publication]:
        """Examples that ask for an annotation now, in rank order."""
        asking = Publication.objects.filter(
            example__study=self.study,
            assignments__annotation__isnull=True,
            assignments__hold__closed_at__isnull=True,
            assignments__only_if_they_differ=False,
        )
        return list(asking.distinct().order_by("example__rank"))

    def answer_all(self, who: int, *answers: str) -> int:
        """One person annotates all that waits, these answers in turn. Returns: how many."""
        found = self.waiting()
        for place, publication in enumerate(found):
            self.annotate(publication, who, answers[place % len(answers)])
        return len(found)

    def annotate(self, publication: Publication, who: int, value: str) -> None:
        theirs = self._answers[publication.pk]
        at = NOW + timedelta(seconds=len(theirs))
        result = widget_of(self.study.definition).result(target=value, fields=publication.example.fields)
        theirs.append(
            RemoteAnnotation(
                unique_id=uuid4(),
                id=10 * publication.pk + len(theirs),
                completed_by=who,
                updated_by=who,
                was_cancelled=False,
                result=result,
                lead_time=timedelta(seconds=5),
                created_at=at,
                updated_at=at,
            )
        )
        remote = RemoteExample(
            id=publication.label_studio_id or 0,
            item_uid=str(publication.example.uid),
            annotations=tuple(theirs),
            num_answers=len(theirs),
        )
        emails = {place: person.email for place, person in enumerate(self.people)}
        people = People(emails=emails, accounts={person.email: person for person in self.people})
        merge(publication=publication, remote=remote, people=people, changed_at=at)
