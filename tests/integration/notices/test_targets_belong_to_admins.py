import pytest
from django.core.exceptions import ValidationError

from accounts.models import Role, User
from accounts.permissions import Forbidden
from notices.models import Delivery, WebhookTarget
from notices.operations import add_target, change_target, rotate_secret, send_test
from tests import factories
from tests.integration.notices.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return factories.person(Role.ADMIN)


@pytest.mark.parametrize(
    "url",
    ["", "chat.example/hook", "ftp://chat.example/", "file:///etc/passwd", "http://", "https://a b/", "http://h:x/"],
)
def test_a_url_that_cannot_be_called_is_refused(url: str, admin: User) -> None:
    with pytest.raises(ValidationError, match="starts with https"):
        add_target(actor=admin, name="Chat", url=url)


def test_a_private_host_is_allowed(admin: User) -> None:
    assert add_target(actor=admin, name="Chat", url=" http://chat:8065/hooks/x ").url == "http://chat:8065/hooks/x"


def test_a_name_is_given_once(admin: User) -> None:
    add_target(actor=admin, name="Chat", url="https://chat.example/")
    with pytest.raises(ValidationError, match="There is a target with this name already"):
        add_target(actor=admin, name="Chat", url="https://other.example/")


def test_a_manager_may_change_nothing(target: WebhookTarget) -> None:
    manager = factories.person(Role.MANAGER)
    with pytest.raises(Forbidden):
        add_target(actor=manager, name="Mine", url="https://chat.example/")
    with pytest.raises(Forbidden):
        change_target(actor=manager, target=target, name="Mine", url=target.url, is_active=True)
    with pytest.raises(Forbidden):
        rotate_secret(actor=manager, target=target)
    with pytest.raises(Forbidden):
        send_test(actor=manager, target=target)


def test_a_test_is_sent_at_once_to_that_target_alone(target: WebhookTarget, receiver: Receiver) -> None:
    add_target(actor=target.created_by, name="Another", url="http://127.0.0.1:9/")
    delivery = send_test(actor=target.created_by, target=target)
    assert (delivery.state, len(receiver.calls)) == (Delivery.State.SENT, 1)
    assert Delivery.objects.count() == 1


def test_a_test_that_fails_is_not_tried_again(target: WebhookTarget, receiver: Receiver) -> None:
    receiver.answers.append(503)
    delivery = send_test(actor=target.created_by, target=target)
    assert (delivery.state, delivery.last_error) == (Delivery.State.GIVEN_UP, "It answered 503")
