"""Images of emails, for whoever reads one: by the hash of their content, so that they never change and never go."""

import threading
from collections import OrderedDict

from flask import Blueprint, Response

from nurture.messages import store
from nurture.messages.links import ASSET_PATH
from nurture.messages.model import Attachment
from nurture.web.page import read
from nurture.web.session import public

blueprint = Blueprint("files", __name__)

_ROOM = 32_000_000  # bytes kept in memory: after a launch many readers ask for the same few
_kept: OrderedDict[str, Attachment] = OrderedDict()
_turn = threading.Lock()


@blueprint.get(f"{ASSET_PATH}<digest>/<name>")
@public
def show(digest: str, name: str) -> Response:  # noqa: ARG001 - the name is for those who save the image
    """The image, for every mail client and proxy to keep; 404 for what is no image of ours."""
    image = _image(digest)
    if image is None:
        return Response("not found", 404, content_type="text/plain; charset=utf-8")
    answer = Response(image.data, content_type=image.media_type)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.set_etag(digest)
    return answer


def _image(digest: str) -> Attachment | None:
    """The image with this hash; attachments are not served."""
    with _turn:
        if digest in _kept:
            _kept.move_to_end(digest)
            return _kept[digest]
    if len(digest) != 32 or not digest.isalnum():
        return None
    with read() as conn:
        found = store.file(conn, digest)
    if found is None or not found.media_type.startswith("image/"):
        return None
    with _turn:
        _kept[digest] = found
        while sum(len(one.data) for one in _kept.values()) > _ROOM:
            _kept.popitem(last=False)
    return found
