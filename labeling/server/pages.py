"""Our page inside Label Studio that says why a request was refused, and our script on the annotators' page."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Not allowed</title><style>body{{font:16px/1.5 system-ui;max-width:34rem;margin:15vh auto;padding:0 1rem}}</style>
<h1>Not allowed</h1><p>{}</p><p><a href="{}">Go to Fulcrum</a></p></html>"""

SCRIPT = (Path(__file__).parent / "annotator.js").read_text()
SCRIPT_PATH = "/fulcrum/annotator.js"


def refusal(message: str, *, status: int = 403) -> HttpResponse:
    return HttpResponse(format_html(PAGE, message, settings.FULCRUM_URL), status=status)


def script(request: HttpRequest) -> HttpResponse:
    headers = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache"}
    return HttpResponse(SCRIPT, headers=headers)


def with_script(response: HttpResponse) -> HttpResponse:
    """Put our script before Label Studio's own."""
    if response.status_code == 200 and response.get("Content-Type", "").startswith("text/html"):
        tag = f'<script src="{SCRIPT_PATH}"></script></head>'.encode()
        response.content = response.content.replace(b"</head>", tag, 1)
    return response
