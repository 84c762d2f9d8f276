from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.models import LedgerEntry, Price, PriceBook
from budgets.prices import Scope, set_price
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db
HEADER = "kind,device,study,annotator,amount,starts_at\n"


def filled_price(book: PriceBook, **changes: Any) -> dict[str, Any]:
    values = {"book": book.pk, "kind": "label", "device": "", "amount": "0.2", "starts_at": "2026-03-01T00:00"}
    return {**values, **changes}


def file(lines: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("prices.csv", (HEADER + lines).encode(), content_type="text/csv")


def label_of(study: Study) -> Price:
    return study.budget.price_book.prices.get(kind=CostKind.LABEL)


def correction(digest: str = "", **changes: str) -> dict[str, str]:
    starts_at, ends_at = ground.NOW - timedelta(days=1), ground.NOW + timedelta(days=1)
    values = {"amount": "0.3", "starts_at": f"{starts_at:%Y-%m-%dT%H:%M}", "ends_at": f"{ends_at:%Y-%m-%dT%H:%M}"}
    pressed = {"digest": digest, "confirm": "yes"} if digest else {}
    return {**values, "reason": "A typing error", **pressed, **changes}


def test_a_price_for_one_study_and_annotator_is_added(admin: Client, study: Study) -> None:
    ann = factories.person(Role.ANNOTATOR)
    form = filled_price(study.budget.price_book, budget=study.budget_id, annotator=ann.pk)
    page = admin.post(reverse("add-price"), form, follow=True)
    added = Price.objects.get(annotator=ann)
    assert page.redirect_chain[-1][0] == reverse("price", args=[added.pk])
    assert (added.budget, added.amount) == (study.budget, Decimal("0.2"))


@pytest.mark.parametrize("amount", ["-1", "NaN", "1e30", "0.1234567", "lots"])
def test_a_bad_amount_is_said_beside_it(admin: Client, amount: str) -> None:
    page = admin.post(reverse("add-price"), filled_price(factories.price_book(), amount=amount))
    assert page.context["form"].errors["amount"]


def test_a_price_of_nothing_is_a_price(admin: Client) -> None:
    book = factories.price_book()
    admin.post(reverse("add-price"), filled_price(book, amount="0"))
    assert book.prices.filter(amount=0).exists()


def test_a_start_that_is_taken_is_said_beside_it(admin: Client) -> None:
    page = admin.post(reverse("add-price"), filled_price(factories.price_book(), starts_at="2020-01-01T00:00"))
    assert "already starts" in page.context["form"].errors["starts_at"][0]


def test_a_study_of_another_book_is_refused_beside_the_study(admin: Client, study: Study) -> None:
    page = admin.post(reverse("add-price"), filled_price(factories.price_book(), budget=study.budget_id))
    assert "another book" in page.context["form"].errors["budget"][0]


def test_an_annotators_fee_is_refused_beside_the_annotator(admin: Client) -> None:
    ann = factories.person(Role.ANNOTATOR)
    form = filled_price(factories.price_book(), kind="platform_fee", annotator=ann.pk)
    assert admin.post(reverse("add-price"), form).context["form"].errors["annotator"]


def test_prices_in_force_and_to_come_are_shown_and_past_ones_on_request(manager: Client, study: Study) -> None:
    actor, book = factories.person(Role.ADMIN), study.budget.price_book
    for starts_at in (datetime(2026, 3, 1, tzinfo=UTC), timezone.now() + timedelta(days=9)):
        set_price(actor=actor, book=book, kind=CostKind.LABEL, amount="0.2", starts_at=starts_at)
    url = f"{reverse('prices')}?book={book.pk}"
    states = [str(state) for state in manager.get(url).context["states"].values()]
    assert sorted(states) == ["in force", "in force", "to come"]
    assert "past" in manager.get(f"{url}&show=all").context["states"].values()


def test_an_own_price_is_ended_on_its_page(admin: Client, study: Study) -> None:
    scope = Scope(budget=study.budget)
    own = set_price(
        actor=factories.person(Role.ADMIN),
        book=study.budget.price_book,
        kind=CostKind.LABEL,
        amount="0.5",
        starts_at=factories.LONG_AGO,
        scope=scope,
    )
    page = admin.post(reverse("end-override", args=[own.pk]), {"starts_at": "2026-03-01T00:00"}, follow=True)
    assert [str(state) for state in page.context["states"].values()] == ["ended", "past"]


def test_a_price_of_the_book_cannot_be_ended(admin: Client, study: Study) -> None:
    url = reverse("end-override", args=[label_of(study).pk])
    page = admin.post(url, {"starts_at": "2026-03-01T00:00"})
    assert "only a price of one study or annotator" in str(page.context["form"].errors)


def test_a_file_is_previewed_then_imported_whole(admin: Client) -> None:
    book = factories.price_book()
    url = reverse("import-prices", args=[book.pk])
    page = admin.post(url, {"file": file("skip,,,,0.02,2026-03-01\nlabel,,,,0.10,2020-01-01T00:00Z\n")})
    assert (len(page.context["found"].new), page.context["found"].num_unchanged) == (1, 1)
    assert "taken as UTC" in page.content.decode()
    assert not book.prices.filter(kind=CostKind.SKIP).exists()
    admin.post(url, {"content": page.context["content"]})
    assert book.prices.get(kind=CostKind.SKIP).amount == Decimal("0.02")


def test_a_file_in_utf_16_goes_through_its_preview(admin: Client) -> None:
    book = factories.price_book()
    url, content = (
        reverse("import-prices", args=[book.pk]),
        f"{HEADER}skip,,,,0.02,2026-03-01T00:00Z\n".encode("utf-16"),
    )
    page = admin.post(url, {"file": SimpleUploadedFile("prices.csv", content)})
    assert "UTF-16, by its byte order mark" in page.content.decode()
    admin.post(url, {"content": page.context["content"]})
    assert book.prices.get(kind=CostKind.SKIP).amount == Decimal("0.02")


def test_a_file_with_bad_lines_names_each_and_offers_no_import(admin: Client) -> None:
    book = factories.price_book()
    page = admin.post(reverse("import-prices", args=[book.pk]), {"file": file("label,,,,-1,2026-03-01\nx,,,,1,y\n")})
    assert len(page.context["found"].problems) == 2
    assert 'name="content"' not in page.content.decode()


def test_what_changed_since_the_preview_keeps_a_file_out(admin: Client) -> None:
    book = factories.price_book()
    content = f"{HEADER}label,,,,0.3,2020-01-01T00:00Z\n"
    page = admin.post(reverse("import-prices", args=[book.pk]), {"content": content})
    assert "nothing was imported" in page.content.decode()
    assert book.prices.count() == 2


def test_what_is_no_price_file_is_said_beside_the_file(admin: Client) -> None:
    upload = SimpleUploadedFile("prices.csv", b"kind;amount\n")
    page = admin.post(reverse("import-prices", args=[factories.price_book().pk]), {"file": upload})
    assert "issing column starts_at" in page.context["form"].errors["file"][0]


def test_a_formula_is_quoted_in_the_download_and_taken_back(admin: Client) -> None:
    study = factories.study(name="=cmd()|study")
    book = study.budget.price_book
    admin.post(reverse("add-price"), filled_price(book, budget=study.budget_id))
    text = b"".join(admin.get(reverse("price-book-file", args=[book.pk])).streaming_content).decode()  # type: ignore[attr-defined]
    assert "'=cmd()|study" in text
    upload = SimpleUploadedFile("prices.csv", text.encode())
    found = admin.post(reverse("import-prices", args=[book.pk]), {"file": upload}).context["found"]
    assert (found.new, found.problems, found.num_unchanged) == ([], [], 3)


def test_entries_are_corrected_after_a_preview(admin: Client, study: Study) -> None:
    ground.buy_labels(study, 3)
    url = reverse("correct-price", args=[label_of(study).pk])
    page = admin.post(url, correction())
    assert page.context["preview"].difference == Decimal("0.6")
    assert LedgerEntry.objects.count() == 3
    admin.post(url, correction(page.context["preview"].digest))
    study.budget.refresh_from_db()
    assert study.budget.spent == Decimal("0.9")


def test_what_a_correction_changes_adds_up_as_it_is_written(admin: Client, study: Study) -> None:
    ground.buy_labels(study, 1)
    url = reverse("correct-price", args=[label_of(study).pk])
    html = admin.post(url, correction(amount="0.104")).content.decode()
    assert all(f">${amount}</data>" in html for amount in ("0.100", "0.104", "0.004"))


def test_entries_that_came_since_the_preview_are_shown_first(admin: Client, study: Study) -> None:
    ground.buy_labels(study, 1)
    url = reverse("correct-price", args=[label_of(study).pk])
    digest = admin.post(url, correction()).context["preview"].digest
    ground.buy_labels(study, 1)
    page = admin.post(url, correction(digest))
    assert "changed since the preview" in page.context["form"].non_field_errors()[0]
    assert page.context["preview"].num_entries == 2
    assert LedgerEntry.objects.count() == 2


@pytest.mark.parametrize("changes", [{"amount": "0.4"}, {"starts_at": "2020-01-01T00:00"}])
def test_what_was_changed_on_the_form_since_is_previewed_before_it_is_booked(
    admin: Client, study: Study, changes: dict[str, str]
) -> None:
    ground.buy_labels(study, 2)
    url = reverse("correct-price", args=[label_of(study).pk])
    digest = admin.post(url, correction()).context["preview"].digest
    page = admin.post(url, correction(digest, **changes))
    assert "changed since the preview" in page.context["form"].non_field_errors()[0]
    assert LedgerEntry.objects.count() == 2
    admin.post(url, correction(page.context["preview"].digest, **changes))
    assert LedgerEntry.objects.count() == 6


def test_the_button_of_a_correction_sends_the_fields_that_are_seen(admin: Client, study: Study) -> None:
    ground.buy_labels(study, 1)
    html = admin.post(reverse("correct-price", args=[label_of(study).pk]), correction()).content.decode()
    assert html.count('name="amount"') == 1
    assert '<button type="submit" form="correction" name="confirm"' in html


def test_prices_that_others_set_since_the_preview_are_shown_before_any_is_added(admin: Client, study: Study) -> None:
    book, url = study.budget.price_book, reverse("import-prices", args=[study.budget.price_book.pk])
    page = admin.post(url, {"file": file("label,,,,0.3,2031-01-01T00:00:00Z\nlabel,,,,0.4,2032-01-01T00:00:00Z\n")})
    shown = {name: page.context[name] for name in ("content", "digest")}
    starts_at = datetime(2031, 1, 1, tzinfo=UTC)
    set_price(actor=factories.person(Role.ADMIN), book=book, kind=CostKind.LABEL, amount="0.3", starts_at=starts_at)
    again = admin.post(url, shown)
    assert len(again.context["found"].new) == 1
    assert not book.prices.filter(amount="0.4").exists()
    admin.post(url, {name: again.context[name] for name in ("content", "digest")})
    assert book.prices.filter(amount="0.4").exists()


def test_a_correction_that_no_budget_can_take_is_refused_in_words(admin: Client, study: Study) -> None:
    ground.buy_labels(study, 3)
    url = reverse("correct-price", args=[label_of(study).pk])
    digest = admin.post(url, correction(amount="9")).context["preview"].digest
    page = admin.post(url, correction(digest, amount="9"))
    assert "USD more" in page.context["form"].non_field_errors()[0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "NaN"}, "amount"),
        ({"amount": "0.1"}, "amount"),
        ({"ends_at": "2020-01-01T00:00"}, "ends_at"),
        ({"reason": " "}, "reason"),
        ({"starts_at": "2019-01-01T00:00", "ends_at": "2019-02-01T00:00"}, "__all__"),
    ],
)
def test_a_correction_that_cannot_be_says_why(admin: Client, study: Study, changes: dict[str, str], field: str) -> None:
    ground.buy_labels(study, 1)
    page = admin.post(reverse("correct-price", args=[label_of(study).pk]), correction(**changes))
    assert list(page.context["form"].errors) == [field]
    assert page.context["preview"] is None


def test_a_new_price_book_is_the_one_that_is_priced_next(admin: Client) -> None:
    for name in ("Aardvark", "Zebra"):
        form = {"name": name, "currency": "USD"}
        page = admin.post(reverse("add-price-book"), form, follow=True)
        book = PriceBook.objects.get(name=name)
        assert f'<option value="{book.pk}" selected>' in page.content.decode()
