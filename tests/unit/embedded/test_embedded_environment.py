from pathlib import Path

from embedded import services
from embedded.data_folder import Paths
from embedded.environment import django_environment, scrubbed

PATHS = Paths(root=Path("/copy"), data=Path("/copy/var"))
STRAY = {
    **{"HOST": "x", "PORT": "1", "DEBUG": "true", "CI": "true", "USERNAME": "me", "PASSWORD": "p"},
    **{"SECRET_KEY": "s", "SENTRY_DSN": "d", "DJANGO_SETTINGS_MODULE": "other", "LABEL_STUDIO_HOST": "h"},
}
EMBEDDED = {
    "DATABASE_URL": "postgresql://ours",
    "FULCRUM_URL": "http://127.0.0.1:8000",
    "LABEL_STUDIO_URL": "http://127.0.0.1:8080",
    "LABEL_STUDIO_API_TOKEN": "token",
}


def test_names_that_would_change_label_studio_do_not_reach_it() -> None:
    assert not STRAY.keys() & scrubbed(source=STRAY).keys()


def test_what_a_child_needs_to_work_is_kept() -> None:
    needed = {"PATH": "/bin", "LC_ALL": "C", "https_proxy": "http://proxy", "PIP_CERT": "/cert"}
    assert needed.items() <= scrubbed(source=needed).items()


def test_a_django_process_gets_the_embedded_addresses() -> None:
    found = django_environment(paths=PATHS, embedded=EMBEDDED, source=STRAY)
    assert found["DATABASE_URL"] == "postgresql://ours"
    assert found["DJANGO_SETTINGS_MODULE"] == "config.settings"
    assert "SECRET_KEY" not in found


def test_what_the_caller_set_wins_over_what_is_embedded() -> None:
    source = {"DATABASE_URL": "postgresql://theirs", "BROKER_URL": "redis://theirs"}
    found = django_environment(paths=PATHS, embedded=EMBEDDED, source=source)
    assert (found["DATABASE_URL"], found["BROKER_URL"]) == ("postgresql://theirs", "redis://theirs")


def test_with_an_address_of_the_callers_own_the_allowed_hosts_follow_it() -> None:
    source = {"FULCRUM_URL": "https://fulcrum.example.org"}
    assert "FULCRUM_ALLOWED_HOSTS" not in django_environment(paths=PATHS, embedded=EMBEDDED, source=source)


def test_a_url_in_the_environment_switches_that_service_off() -> None:
    chosen = services.make_plan(paths=PATHS, source={"LABEL_STUDIO_URL": "http://labels.example.org"})
    assert (chosen.with_postgres, chosen.with_label_studio) == (True, False)


def test_the_token_of_our_label_studio_is_not_shown_to_another() -> None:
    source = {"LABEL_STUDIO_URL": "http://labels.example.org"}
    found = django_environment(paths=PATHS, embedded=EMBEDDED, source=source)
    assert found["LABEL_STUDIO_API_TOKEN"] == ""
