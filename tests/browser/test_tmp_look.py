from typing import Any

from budgets.models import Path
from connections.models import Outputs
from connections.operations import run_self_test
from connections.prompts import PromptText
from runs.models import Asking
from runs.prompting import carry_out_asking, save_version, start_asking
from runs.requests import RunPlan, RunRequest
from tests import factories
from tests.integration.connections.conftest import price_tokens
from tests.language_server import chosen_by, language_server


def test_look(open_page: Any, transactional_db: None) -> None:
    with language_server(chosen_by("great")) as server:
        connection = factories.connection(url=server.url, outputs=Outputs.MAY_TRAIN)
        run_self_test(actor=connection.created_by, connection=connection)
        connection.refresh_from_db()
        study = factories.study(instructions="Is the mood good or bad?")
        texts = [f"a {mood} thing {number}" for number in range(5) for mood in ("great", "awful")]
        factories.examples(study, texts, labels=["good", "bad"] * 5)
        factories.examples(study, [f"{text} in the sun" for text in texts], split="test", labels=["good", "bad"] * 5)
        factories.examples(
            study,
            [
                f"{text} and the moon, which is a longer text to see how a line breaks in the table of answers"
                for text in texts
            ],
        )
        price_tokens(study.budget.price_book, connection)
        save_version(
            actor=study.created_by,
            study=study,
            text=PromptText(system="Short.\n\n{{labels}}\n\n{{how_to_answer}}", message="Review: {{text}}"),
        )
        request = RunRequest(study=study, path=Path.DISTIL, plan=RunPlan(teacher_connection=connection.pk, shots=4))
        asking = start_asking(actor=study.created_by, request=request, purpose=Asking.Purpose.PREVIEW)
        carry_out_asking(asking_id=asking.pk)
        for look in ("light", "dark"):
            for device in ("desktop", "phone"):
                if look == "dark" and device == "phone":
                    continue
                page = open_page("/", user=study.created_by, look=look, device=device)
                for name, path in {
                    "prompt": f"/studies/{study.pk}/prompt/",
                    "preview": f"/studies/{study.pk}/prompt/preview/",
                    "asking": f"/askings/{asking.pk}/",
                }.items():
                    page.goto(path)
                    for d in page.locator("details").all():
                        d.evaluate("one => one.open = true")
                    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    print(name, look, device, "overflow", wide)
                    page.screenshot(path=f"/tmp/shots/{name}-{look}-{device}.png", full_page=True)
