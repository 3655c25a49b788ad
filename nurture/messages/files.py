"""Which files may be images of an email, and which may go with it as attachments. Pure.

What counts is what a file is, by its first bytes, together with its name: a program is refused whatever it is called.
"""

import re
import unicodedata

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_
from nurture.messages.model import Attachment

LARGEST_ASSET = 1_000_000  # bytes of one image
LARGEST_ATTACHMENT = 5_000_000
LARGEST_ATTACHMENTS = 7_000_000  # of all of one email: a third more in base64, and many receivers take 10 MB
MOST_ATTACHMENTS = 10
LONGEST_NAME = 120  # characters

_IMAGES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
_DOCUMENTS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "csv": "text/csv; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "vcf": "text/vcard; charset=utf-8",
    **_IMAGES,
}
# The first bytes of what each kind is (of zipped documents: of a zip file).
_BEGINS = {
    "png": (b"\x89PNG\r\n\x1a\n",), "jpg": (b"\xff\xd8\xff",), "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"), "webp": (b"RIFF",), "pdf": (b"%PDF-",),
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods"), (b"PK\x03\x04",)),
}  # fmt: skip
# Parts of a zipped document that hold programs (ECMA-376, part 1: vbaProject.bin), or say that it is another file.
_PROGRAMS = (b"vbaProject.bin", b"META-INF/MANIFEST.MF", b"AndroidManifest.xml")
_ODD = re.compile('[\x00-\x1f\x7f-\x9f\\\\/:*?"<>|\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]')
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def asset(name: str, data: bytes, file: str) -> Attachment | Problem:
    """An image that we serve, or why not."""
    kind = _kind(name)
    if kind == "svg":
        message, mend = N_("Mail clients do not show SVG"), N_("Export it as PNG, twice as wide as it is shown")
        return Problem("bad_asset", message, mend, file)
    if kind not in _IMAGES or not _SAFE.fullmatch(name):
        mend = N_("Use PNG, JPEG, GIF or WebP, named with a-z, 0-9, “.”, “-” and “_”")
        return Problem("bad_asset", N_("This is not an image for emails"), mend, file)
    return _looked(name, kind, data, file, LARGEST_ASSET, _IMAGES)


def attachment(name: str, data: bytes, file: str) -> Attachment | Problem:
    """A file that goes with an email, or why not. Its name is kept, in NFC."""
    shown = unicodedata.normalize("NFC", name)
    kind = _kind(shown)
    if kind not in _DOCUMENTS:
        params = (("kinds", ", ".join(sorted(_DOCUMENTS))),)
        message = N_("Files of this kind cannot go with an email")
        return Problem("bad_attachment", message, N_("Allowed are: %(kinds)s"), file, params=params)
    if _ODD.search(shown) or len(shown) > LONGEST_NAME:
        message, mend = N_("The file’s name cannot be sent"), N_("Use letters, digits, blanks, “.”, “-” and “_”")
        return Problem("bad_attachment", message, mend, file)
    return _looked(shown, kind, data, file, LARGEST_ATTACHMENT, _DOCUMENTS)


def too_much(files: list[Attachment], folder: str) -> Problem | None:
    """What is wrong with all attachments of an email together."""
    total = sum(len(one.data) for one in files)
    if total <= LARGEST_ATTACHMENTS and len(files) <= MOST_ATTACHMENTS:
        return None
    params = (("bytes", str(total)), ("most", str(MOST_ATTACHMENTS)), ("largest", str(LARGEST_ATTACHMENTS)))
    message = N_("The attachments are too much together: %(bytes)s bytes")
    mend = N_("At most %(most)s files and %(largest)s bytes; link to the rest")
    return Problem("large_attachments", message, mend, folder, params=params)


def _kind(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name.strip(".") else ""


def _looked(name: str, kind: str, data: bytes, file: str, largest: int, types: dict[str, str]) -> Attachment | Problem:
    """The file, when it is what its name says and not too large."""
    if len(data) > largest:
        params = (("bytes", str(len(data))), ("largest", str(largest)))
        message = N_("The file has %(bytes)s bytes; %(largest)s are allowed")
        return Problem("large_file", message, N_("Make it smaller, or link to it"), file, params=params)
    if not _is(kind, data):
        message, mend = N_("The file is not what its name says (%(kind)s)"), N_("Export it again, or mend its name")
        return Problem("other_file", message, mend, file, params=(("kind", kind),))
    return Attachment(name, types[kind], data)


def _is(kind: str, data: bytes) -> bool:
    begins = _BEGINS.get(kind)
    if begins is None:  # a text
        try:
            return "\x00" not in data.decode("utf-8-sig") and not data.startswith((b"#!", b"MZ"))
        except UnicodeDecodeError:
            return False
    if kind == "webp" and data[8:12] != b"WEBP":
        return False
    return data.startswith(begins) and not (data.startswith(b"PK") and any(one in data for one in _PROGRAMS))
