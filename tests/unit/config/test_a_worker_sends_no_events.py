from config.celery import app

SEND_EVENTS = {"Events", "Heart", "Gossip", "Mingle"}


def test_a_worker_sends_no_events() -> None:
    worker = app.WorkController(hostname="worker@here", concurrency=1)
    steps = {step.alias for step in worker.consumer.steps}
    assert "Tasks" in steps
    assert steps & SEND_EVENTS == set()
