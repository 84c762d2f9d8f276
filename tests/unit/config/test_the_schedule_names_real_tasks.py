from config.celery import app, configuration


def test_every_task_of_the_schedule_is_there() -> None:
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in configuration()["beat_schedule"].values()}
    assert scheduled - set(app.tasks) == set()
