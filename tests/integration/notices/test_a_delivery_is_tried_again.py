from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from django.db import connection

from accounts.models import Role
from accounts.permissions import Forbidden
from notices.models import Delivery, WebhookTarget
from notices.operations import NotGivenUp, deliver_due, send_again
from notices.sending import TryLater
from tests import factories
from tests.integration.notices.conftest import Tell, pass_time
from tests.integration.notices.receiver import Receiver

State = Delivery.State


class Killed(BaseException):
    """Stands for the end of the process."""


def test_what_passes_is_tried_again_after_its_wait(tell: Tell, target: WebhookTarget, receiver: Receiver) -> None:
    receiver.answers.extend([503, 429, 200])
    tell()
    assert [deliver_due(), deliver_due()] == [1, 0]
    pass_time(seconds=59)
    assert deliver_due() == 0
    pass_time(seconds=2)
    assert [deliver_due(), deliver_due()] == [1, 0]
    pass_time(seconds=301)
    assert deliver_due() == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.num_tries, delivery.last_error) == (State.SENT, 3, "")
    assert len({call.headers["X-Fulcrum-Delivery"] for call in receiver.calls}) == 1


def test_it_is_given_up_after_the_last_wait(tell: Tell, target: WebhookTarget, receiver: Receiver) -> None:
    receiver.answers.extend([500, 502, 503])
    receiver.text = "no  service"
    tell()
    for _ in range(4):
        deliver_due()
        pass_time(hours=1)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.num_tries) == (State.GIVEN_UP, 3)
    assert delivery.last_error == "It answered 503 no service"


def test_a_refusal_is_given_up_at_once_with_its_reason(tell: Tell, target: WebhookTarget, receiver: Receiver) -> None:
    receiver.answers.append(404)
    receiver.text = "no_service"
    tell()
    deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.last_error) == (State.GIVEN_UP, "It answered 404 no_service")


def test_a_receiver_that_is_not_there_is_tried_again(tell: Tell, target: WebhookTarget) -> None:
    WebhookTarget.objects.update(url="http://127.0.0.1:9/")
    tell()
    deliver_due()
    delivery = Delivery.objects.get()
    assert delivery.state == State.FAILED
    assert "does not answer" in delivery.last_error


def test_a_sender_that_was_killed_is_followed_by_another_after_its_lease(
    tell: Tell, target: WebhookTarget, receiver: Receiver
) -> None:
    tell()
    with patch("notices.delivering.send", side_effect=Killed), pytest.raises(Killed):
        deliver_due()
    assert deliver_due() == 0
    pass_time(seconds=61)
    assert deliver_due() == 1
    assert (len(receiver.calls), Delivery.objects.get().state) == (1, State.SENT)


def test_a_delivery_that_kills_every_sender_is_given_up(tell: Tell, target: WebhookTarget) -> None:
    tell()
    for _ in range(3):
        with patch("notices.delivering.send", side_effect=Killed), pytest.raises(Killed):
            deliver_due()
        pass_time(seconds=61)
    deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, "broke off" in delivery.last_error) == (State.GIVEN_UP, True)


def test_who_lost_the_lease_does_not_write_over_the_next(tell: Tell, target: WebhookTarget) -> None:
    tell()

    def outlive_the_lease(*, delivery: Delivery) -> None:
        pass_time(seconds=61)
        with patch("notices.delivering.send", return_value=State.SENT):
            deliver_due()
        raise TryLater("no answer")

    with patch("notices.delivering.send", side_effect=outlive_the_lease):
        deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.num_tries) == (State.SENT, 2)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_sends_each(tell: Tell, target: WebhookTarget, receiver: Receiver) -> None:
    for number in range(20):
        tell(key=f"run:{number}:failed")

    def work(_: int) -> int:
        try:
            return deliver_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(6))) == 20
    assert len({call.headers["X-Fulcrum-Delivery"] for call in receiver.calls}) == len(receiver.calls) == 20


def test_a_round_ends_in_time(tell: Tell, target: WebhookTarget, receiver: Receiver) -> None:
    tell()
    assert deliver_due(seconds=0) == 0
    assert receiver.calls == []


def test_what_was_given_up_is_sent_again_by_an_admin(tell: Tell, target: WebhookTarget, receiver: Receiver) -> None:
    receiver.answers.append(400)
    tell()
    deliver_due()
    with pytest.raises(Forbidden):
        send_again(actor=factories.person(Role.MANAGER), delivery=Delivery.objects.get())
    send_again(actor=target.created_by, delivery=Delivery.objects.get())
    deliver_due()
    assert Delivery.objects.get().state == State.SENT
    with pytest.raises(NotGivenUp, match="needs no help"):
        send_again(actor=target.created_by, delivery=Delivery.objects.get())


def test_what_waits_for_a_target_is_given_up_when_it_is_switched_off(tell: Tell, target: WebhookTarget) -> None:
    tell()
    WebhookTarget.objects.update(is_active=False)
    deliver_due()
    assert "switched off" in Delivery.objects.get(state=State.GIVEN_UP).last_error
