import hmac
import json
import time
from hashlib import sha256

import pytest

from notices.models import Delivery, WebhookTarget
from notices.operations import deliver_due, rotate_secret
from tests.integration.notices.conftest import Tell
from tests.integration.notices.receiver import Call, Receiver


def is_signed_with(secret: str, call: Call) -> bool:
    signed = call.headers["X-Fulcrum-Timestamp"].encode() + b"." + call.body
    wanted = "sha256=" + hmac.new(secret.encode(), signed, sha256).hexdigest()
    return hmac.compare_digest(wanted, call.headers["X-Fulcrum-Signature"])


def test_the_receiver_can_check_who_sent_it_and_when(tell: Tell, target: WebhookTarget, receiver: Receiver) -> None:
    tell()
    deliver_due()
    (call,) = receiver.calls
    assert is_signed_with(target.secret, call)
    assert not is_signed_with("another", call)
    assert abs(time.time() - int(call.headers["X-Fulcrum-Timestamp"])) < 10
    assert call.headers["X-Fulcrum-Delivery"] == str(Delivery.objects.get().uid)


def test_the_body_is_what_slack_shows_and_what_programs_read(
    tell: Tell, target: WebhookTarget, receiver: Receiver
) -> None:
    notice = tell(title="Run 57 of “<!channel> & co” failed")
    deliver_due()
    assert json.loads(receiver.calls[0].body) == {
        "text": "Run 57 of “&lt;!channel&gt; &amp; co” failed\nIt broke.\nhttps://fulcrum.example/runs/57/",
        "kind": "run_failed",
        "key": "run:57:failed",
        "title": "Run 57 of “<!channel> & co” failed",
        "body": "It broke.",
        "link": "https://fulcrum.example/runs/57/",
        "at": notice.created_at.isoformat(),
    }


def test_after_a_rotation_the_new_secret_signs(tell: Tell, target: WebhookTarget, receiver: Receiver) -> None:
    old = target.secret
    rotate_secret(actor=target.created_by, target=target)
    tell()
    deliver_due()
    assert is_signed_with(target.secret, receiver.calls[0])
    assert not is_signed_with(old, receiver.calls[0])


@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_is_not_followed(status: int, tell: Tell, target: WebhookTarget, receiver: Receiver) -> None:
    receiver.answers.append(status)
    tell()
    deliver_due()
    assert len(receiver.calls) == 1
    assert "redirect, which is not followed" in Delivery.objects.get().last_error
