"""All of the README's own study up to its labels, without a page."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Role, User
from budgets.limits import set_confirm_above
from budgets.models import Price, PriceBook
from studies.models import Study
from tests import factories
from tests.labelling import hold_examples

pytestmark = pytest.mark.django_db

PRICES = ("--price", "label=0.10", "--price", "device_hour:cpu=0.60")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command(*arguments)
    return capsys.readouterr().out


@pytest.fixture
def admin() -> User:
    return factories.person(Role.ADMIN)


@pytest.fixture
def study(admin: User) -> Study:
    call_command("prices", "create", "Standard", *PRICES)
    names = ("--label", "praise", "--label", "blame", "--limit", "20", "--prices", "Standard")
    call_command("create_study", "Reviews", *names)
    return Study.objects.get(name="Reviews")


def test_a_price_book_is_made_with_its_prices(admin: User, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "prices", "create", "Standard", "--currency", "eur", *PRICES)
    assert told == ("Price book “Standard” in EUR: 0.1 EUR per accepted label, 0.6 EUR per device hour (cpu).\n")
    assert {one.created_by for one in PriceBook.objects.get().prices.all()} == {admin}


@pytest.mark.parametrize("pair", ["label", "label=-1", "lable=1", "device_hour=1", "label=NaN"])
def test_a_price_that_cannot_be_makes_no_book(admin: User, pair: str) -> None:
    with pytest.raises(CommandError):
        call_command("prices", "create", "Standard", "--price", "skip=0.01", "--price", pair)
    assert not PriceBook.objects.exists()


def test_a_later_price_is_set(admin: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("prices", "create", "Standard", "--price", "label=0.10")
    told = run(capsys, "prices", "set", "Standard", "--price", "label=0.12", "--from", "2031-03-01T00:00")
    assert "0.12 USD per accepted label, from 2031-03-01 00:00 UTC." in told
    assert Price.objects.count() == 2
    with pytest.raises(CommandError, match="is not a time"):
        call_command("prices", "set", "Standard", "--price", "label=0.12", "--from", "tomorrow")


def test_a_person_is_added_and_can_sign_in(admin: User, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "create_person", "ann@example.com", "--name", "Ann", "--role", "manager")
    ann = User.objects.get(email="ann@example.com")
    assert ann.role == Role.MANAGER and ann.check_password(told.split("the password ")[1].split(" ")[0])
    with pytest.raises(CommandError):
        call_command("create_person", "ann@example.com")


def test_an_import_is_listed_and_undone(study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text("text,label\nLovely,praise\nAwful,blame\n")
    told = run(capsys, "import_examples", "Reviews", str(file))
    assert "Imported 2 examples; labels: 2 with them, 0 for examples that had none." in told
    batch = study.import_batches.get()
    assert run(capsys, "undo_import", "Reviews") == f"{batch.pk}: reviews.csv, imported, 2 examples, 2 labels\n"
    assert "is undone" in run(capsys, "undo_import", "Reviews", str(batch.pk))
    with pytest.raises(CommandError, match="has no import 99999"):
        call_command("undo_import", "Reviews", "99999")


def test_labels_for_what_is_published_are_told(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    factories.examples(study, ["Lovely", "Awful"])
    hold_examples(study)
    file = tmp_path / "labels.csv"
    file.write_text("text,label\nLovely,praise\n")
    told = run(capsys, "import_examples", "Reviews", str(file), "--preview")
    assert "1 labels for examples without one" in told
    assert "1 of the examples that get a label are published" in told


def test_a_study_is_changed_archived_and_brought_back(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(
        capsys, "change_study", "Reviews", "--name", "Opinions", "--label", "good", "--label", "bad", "--archive"
    )
    assert told == f"Study {study.pk}: Opinions; labels good, bad; archived\n"
    assert "archived" not in run(capsys, "change_study", "Opinions", "--unarchive")


@pytest.mark.parametrize("option", [("--label", "Pra\x0bise"), ("--instructions", "a\x0bb"), ("--name", "a\udcffb")])
def test_signs_that_cannot_be_shown_are_refused(study: Study, option: tuple[str, str]) -> None:
    names = ("--label", "praise", "--limit", "20", "--prices", "Standard")
    new = ("create_study", "Another", *names) if option[0] != "--name" else ("create_study", option[1], *names)
    with pytest.raises(CommandError, match=r"U\+"):
        call_command(*new, *(option if option[0] != "--name" else ()))
    with pytest.raises(CommandError, match=r"U\+"):
        call_command("change_study", "Reviews", "--label", "blame", *option)


def test_a_study_is_duplicated(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    factories.import_csv(study, "text,label\nLovely,praise\n")
    told = run(capsys, "duplicate_study", "Reviews", "Again", "--limit", "5", "--with-data")
    assert told.endswith(": Again, 1 examples\n")


def test_a_budget_is_looked_at_and_changed(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "budget", "Reviews") == "“Reviews” in USD: limit 20.00, spent 0.00, held 0.00, left 20.00\n"
    assert "limit 25" in run(capsys, "budget", "Reviews", "--top-up", "5")
    assert "limit 30" in run(capsys, "budget", "Reviews", "--limit", "30")
    assert "stopped since" in run(capsys, "budget", "Reviews", "--stop", "The guidelines are wrong")
    assert "stopped" not in run(capsys, "budget", "Reviews", "--resume")
    with pytest.raises(CommandError, match="limit"):
        call_command("budget", "Reviews", "--limit", "-1")


def test_a_large_limit_waits_for_a_second_person(study: Study, admin: User, capsys: pytest.CaptureFixture[str]) -> None:
    set_confirm_above(actor=admin, book=study.budget.price_book, amount="50")
    assert "A limit of 500.00 waits for a second person" in run(capsys, "budget", "Reviews", "--limit", "500")
    other = factories.person(Role.MANAGER)
    assert "limit 500" in run(capsys, "budget", "Reviews", "--confirm", "--as", other.email)
    with pytest.raises(CommandError, match="No limit of “Reviews” waits"):
        call_command("budget", "Reviews", "--confirm")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("costs --from 2026-13", "'2026-13' is not a month such as 2026-01"),
        ("start_run Reviews --path annotate --learning-rates a,b", "'a,b' is not a list of numbers separated by"),
        ("import_examples Reviews {file} --column text", "'text' is not FIELD=COLUMN, such as text=review"),
        ("start_run Reviews --path annotate --minutes 10000 --check", "80.00 USD short"),
    ],
)
def test_a_wrong_option_is_refused_with_its_reason(study: Study, tmp_path: Path, command: str, reason: str) -> None:
    rows = (
        ("lovely", "praise", "pool"),
        ("awful", "blame", "pool"),
        ("good", "praise", "test"),
        ("bad", "blame", "test"),
    )
    file = tmp_path / "reviews.csv"
    file.write_text("text,label,split\n" + "".join(f"{','.join(row)}\n" for row in rows))
    call_command("import_examples", "Reviews", str(file))
    with pytest.raises(CommandError, match=reason):
        call_command(*command.format(file=file).split())
