"""Files that a browser saves instead of showing."""

from django.http import HttpResponse


def download(content: str | bytes, kind: str, file_name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)
