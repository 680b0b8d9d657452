"""What a form sends: fields and files."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import parse_qsl

import attrs

from pycrm.errors import InvalidError, Problem

__all__ = ["Upload", "form_of"]

_MOST_FIELDS = 2000


@attrs.frozen
class Upload:
    """A file that was sent, under the name that it has with its sender."""

    name: str
    content: bytes = attrs.field(repr=False)


def form_of(media: str, body: bytes) -> tuple[dict[str, list[str]], dict[str, list[Upload]]]:
    """The fields and the files of a form.

    Raises:
        InvalidError: the body is no form, or cannot be read.
    """
    kind = media.partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            return _parts(media, body)
        if kind == "application/x-www-form-urlencoded":
            fields: dict[str, list[str]] = {}
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
            )
            for name, value in pairs:
                fields.setdefault(name, []).append(value)
            return fields, {}
    except ValueError:
        pass
    wrong = Problem("", "format", "expected what a form sends")
    raise InvalidError(wrong.message, fields=[wrong])


def _parts(media: str, body: bytes) -> tuple[dict[str, list[str]], dict[str, list[Upload]]]:
    from multipart import MultipartError, MultipartParser, parse_options_header

    boundary = parse_options_header(media)[1].get("boundary", "")
    fields: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}
    try:
        for part in MultipartParser(
            BytesIO(body),
            boundary,
            len(body),
            part_limit=_MOST_FIELDS,
            memory_limit=len(body) + 1,
            strict=True,
        ):
            if part.filename is None:
                fields.setdefault(part.name, []).append(part.raw.decode("utf-8"))
            else:
                files.setdefault(part.name, []).append(Upload(part.filename, part.raw))
            part.close()
    except MultipartError as error:
        raise ValueError(str(error)) from error
    return fields, files
