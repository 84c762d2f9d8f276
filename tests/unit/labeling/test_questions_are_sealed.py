import pytest

from labeling.tickets import (
    QUESTION_SECONDS,
    AccessQuestion,
    AccessReply,
    SealBroken,
    SignInTicket,
    TicketRefused,
    read_question,
    read_reply,
    read_ticket,
    seal,
    session_reference,
)

KEY = "a key that both sides know"
QUESTION = AccessQuestion(email="ann@example.com", session="reference", asked_at=1000)
TICKET = SignInTicket(email="ann@example.com", name="Ann", role="admin", expires_at=2000, next="/")


def test_a_question_and_its_answer_say_what_was_written() -> None:
    assert read_question(key=KEY, text=seal(key=KEY, message=QUESTION), now=1000) == QUESTION
    reply = AccessReply(role="manager", nonce=QUESTION.nonce)
    assert read_reply(key=KEY, text=seal(key=KEY, message=reply), question=QUESTION) == reply


@pytest.mark.parametrize("late", [-QUESTION_SECONDS - 1, QUESTION_SECONDS + 1])
def test_a_question_cannot_be_repeated_later(late: int) -> None:
    with pytest.raises(SealBroken, match="clocks"):
        read_question(key=KEY, text=seal(key=KEY, message=QUESTION), now=1000 + late)


def test_an_answer_to_another_question_is_none() -> None:
    other = AccessQuestion(email="ann@example.com", session="reference", asked_at=1000)
    sealed = seal(key=KEY, message=AccessReply(role="manager", nonce=other.nonce))
    with pytest.raises(SealBroken, match="another question"):
        read_reply(key=KEY, text=sealed, question=QUESTION)


def test_what_is_sealed_for_one_purpose_serves_no_other() -> None:
    question, ticket = seal(key=KEY, message=QUESTION), seal(key=KEY, message=TICKET)
    with pytest.raises(TicketRefused):
        read_ticket(key=KEY, text=question, now=0)
    with pytest.raises(SealBroken):
        read_question(key=KEY, text=ticket, now=1000)
    with pytest.raises(SealBroken):
        read_reply(key=KEY, text=question, question=QUESTION)


@pytest.mark.parametrize("text", ["", ".", "a.b", "ü.ü"])
def test_rubbish_is_no_answer(text: str) -> None:
    with pytest.raises(SealBroken, match="FULCRUM_TICKET_KEY"):
        read_reply(key=KEY, text=text, question=QUESTION)


def test_a_session_is_named_without_its_key() -> None:
    assert "secret" not in session_reference("secret")
    assert session_reference("secret") != session_reference("another")
    assert session_reference(None) == ""
