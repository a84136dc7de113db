# mypy: ignore-errors
"""Guest source of `html`; of the named entities, those that texts use."""

import re as _re

_ENTITIES = {
    "amp": "&",
    "lt": "<",
    "gt": ">",
    "quot": '"',
    "apos": "'",
    "nbsp": "\xa0",
    "copy": "©",
    "reg": "®",
    "trade": "™",
    "hellip": "…",
    "mdash": "—",
    "ndash": "–",
    "lsquo": "‘",
    "rsquo": "’",
    "ldquo": "“",
    "rdquo": "”",
    "laquo": "«",
    "raquo": "»",
    "bull": "•",
    "middot": "·",
    "deg": "°",
    "plusmn": "±",
    "times": "×",
    "divide": "÷",
    "frac12": "½",
    "euro": "€",
    "pound": "£",
    "yen": "¥",
    "cent": "¢",
    "sect": "§",
    "para": "¶",
    "larr": "←",
    "rarr": "→",
    "uarr": "↑",
    "darr": "↓",
    "agrave": "à",
    "aacute": "á",
    "acirc": "â",
    "auml": "ä",
    "aring": "å",
    "aelig": "æ",
    "ccedil": "ç",
    "egrave": "è",
    "eacute": "é",
    "ecirc": "ê",
    "euml": "ë",
    "iacute": "í",
    "ntilde": "ñ",
    "oacute": "ó",
    "ocirc": "ô",
    "ouml": "ö",
    "oslash": "ø",
    "uacute": "ú",
    "uuml": "ü",
    "szlig": "ß",
    "Auml": "Ä",
    "Ouml": "Ö",
    "Uuml": "Ü",
    "Eacute": "É",
}


def escape(s, quote=True):
    s = s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if quote:
        s = s.replace('"', "&quot;").replace("'", "&#x27;")
    return s


def unescape(s):
    if "&" not in s:
        return s
    parts = []
    end = 0
    for match in _re.finditer(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]*;?)", s):
        parts.append(s[end : match.start()])
        end = match.end()
        parts.append(_character(match.group(1), match.group(0)))
    parts.append(s[end:])
    return "".join(parts)


def _character(code, whole):
    name = code.rstrip(";")
    if name[0] != "#":
        return _ENTITIES.get(name, whole) if code.endswith(";") or name in ("amp", "lt", "gt", "quot") else whole
    number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    if number == 0 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return "\ufffd"
    return chr(number)
