# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""The one page of ours inside Label Studio: why a request was refused, and the way back."""

from django.conf import settings
from django.http import HttpResponse
from django.utils.html import format_html

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Not allowed</title><style>body{{font:16px/1.5 system-ui;max-width:34rem;margin:15vh auto;padding:0 1rem}}</style>
<h1>Not allowed</h1><p>{}</p><p><a href="{}">Go to Fulcrum</a></p></html>"""


def refusal(message: str) -> HttpResponse:
    return HttpResponse(format_html(PAGE, message, settings.FULCRUM_URL), status=403)
