"""Media types, such as application/json; charset=utf-8, in a form that can be compared (docs/api.md 5.3)."""

import re

WORD = r"[^\s\x00-\x20\x7f()<>@,;:\\\"/\[\]?=]+"
PARAMETER = rf'[ \t]*;[ \t]*({WORD})[ \t]*=[ \t]*({WORD}|"[^"\\]*")'
MEDIA_TYPE = re.compile(rf"[ \t]*({WORD}/{WORD})((?:{PARAMETER})*)[ \t]*")


def normal_form(text: str) -> str:
    """Return a media type in lower case, with its parameters sorted and without blanks and quotes.

    >>> normal_form('application/JSON; charset="UTF-8"')
    'application/json;charset=utf-8'

    Raises:
        ValueError: the text is not one media type.
    """
    found = MEDIA_TYPE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a media type")
    parameters = sorted(f";{name}={value.strip(chr(34))}".lower() for name, value in re.findall(PARAMETER, found[2]))
    return found[1].lower() + "".join(parameters)
