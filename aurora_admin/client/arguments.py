"""The arguments of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aurora_admin.calls import arguments_class
from aurora_admin.errors import AdminError
from aurora_admin.gen.api.ttypes import SessionKey
from aurora_admin.wire.codec import encode

if TYPE_CHECKING:
    from collections.abc import Mapping


def encode_arguments(method: str, arguments: Mapping[str, Any]) -> bytes:
    """Return the arguments of a call as one struct.

    Raises:
        AdminError: an argument is text that has no UTF-8 form, or a number that is too large.
    """
    kind = arguments_class(method)
    # Releases 0.8 and 0.9 refuse some calls without a session, later ones ignore it (docs/connection.md 7).
    session = {"session": SessionKey()} if "session" in kind.__slots__ else {}
    try:
        return encode(kind(**session, **arguments))
    except UnicodeEncodeError as error:
        raise AdminError(f"{error.object!r} cannot be sent: it is not UTF-8. Nothing was sent") from error
    except OverflowError as error:
        raise AdminError(f"A number for {method} is out of the range of its field. Nothing was sent") from error
