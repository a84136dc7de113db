# mypy: ignore-errors
"""Guest source of `urllib.parse`."""

from collections import namedtuple as _namedtuple

_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_SCHEME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."
_NETLOC = ("", "ftp", "http", "https", "file", "sftp", "ws", "wss", "git", "git+ssh", "svn", "svn+ssh", "rsync", "nfs")
_RELATIVE = ("", "ftp", "http", "https", "file", "sftp", "ws", "wss")


class ParseResult:
    _fields = ("scheme", "netloc", "path", "params", "query", "fragment")

    def __init__(self, scheme, netloc, path, params, query, fragment):
        self.scheme = scheme
        self.netloc = netloc
        self.path = path
        self.params = params
        self.query = query
        self.fragment = fragment
        self.username, self.password, self.hostname, self.port = _authority(netloc)

    def geturl(self):
        return urlunparse(self)

    def _replace(self, **changes):
        return ParseResult(*[changes.get(name, getattr(self, name)) for name in self._fields])

    def _asdict(self):
        return {name: getattr(self, name) for name in self._fields}

    def __iter__(self):
        return iter([getattr(self, name) for name in self._fields])

    def __getitem__(self, i):
        return tuple(self)[i]

    def __len__(self):
        return len(self._fields)

    def __eq__(self, other):
        return tuple(self) == tuple(other)

    def __repr__(self):
        return f"ParseResult({', '.join([f'{name}={getattr(self, name)!r}' for name in self._fields])})"


class SplitResult:
    _fields = ("scheme", "netloc", "path", "query", "fragment")

    def __init__(self, scheme, netloc, path, query, fragment):
        self.scheme = scheme
        self.netloc = netloc
        self.path = path
        self.query = query
        self.fragment = fragment
        self.username, self.password, self.hostname, self.port = _authority(netloc)

    def geturl(self):
        return urlunsplit(self)

    def _replace(self, **changes):
        return SplitResult(*[changes.get(name, getattr(self, name)) for name in self._fields])

    def __iter__(self):
        return iter([getattr(self, name) for name in self._fields])

    def __getitem__(self, i):
        return tuple(self)[i]

    def __len__(self):
        return len(self._fields)

    def __eq__(self, other):
        return tuple(self) == tuple(other)

    def __repr__(self):
        return f"SplitResult({', '.join([f'{name}={getattr(self, name)!r}' for name in self._fields])})"


DefragResult = _namedtuple("DefragResult", "url fragment")


def _authority(netloc):
    user, at, place = netloc.rpartition("@")
    username = password = None
    if at:
        username, colon, secret = user.partition(":")
        password = secret if colon else None
    if place.startswith("["):
        host, _, tail = place[1:].partition("]")
        port = tail[1:]
    else:
        host, _, port = place.partition(":")
    if port and not port.isdigit():
        raise ValueError(f"Port could not be cast to integer value as {port!r}")
    return username, password, host.lower() or None, int(port) if port else None


def urlsplit(url, scheme="", allow_fragments=True):
    url = url.lstrip("".join([chr(i) for i in range(33)]))
    for char in "\t\r\n":
        url = url.replace(char, "")
    netloc = query = fragment = ""
    colon = url.find(":")
    if colon > 0 and url[0].isalpha() and not [c for c in url[:colon] if c not in _SCHEME]:
        scheme, url = url[:colon].lower(), url[colon + 1 :]
    if url[:2] == "//":
        ends = [end for end in [url.find(c, 2) for c in "/?#"] if end >= 0]
        end = min(ends, default=len(url))
        netloc, url = url[2:end], url[end:]
        if ("[" in netloc) != ("]" in netloc):
            raise ValueError("Invalid IPv6 URL")
    if allow_fragments and "#" in url:
        url, _, fragment = url.partition("#")
    if "?" in url:
        url, _, query = url.partition("?")
    return SplitResult(scheme, netloc, url, query, fragment)


def urlparse(url, scheme="", allow_fragments=True):
    scheme, netloc, path, query, fragment = urlsplit(url, scheme, allow_fragments)
    params = ""
    last = path.rfind("/")
    semicolon = path.find(";", max(last, 0))
    if semicolon >= 0:
        path, params = path[:semicolon], path[semicolon + 1 :]
    return ParseResult(scheme, netloc, path, params, query, fragment)


def urlunsplit(components):
    scheme, netloc, url, query, fragment = components
    if netloc or (scheme and scheme in _NETLOC and url[:2] != "//"):
        if url and url[:1] != "/":
            url = "/" + url
        url = "//" + (netloc or "") + url
    if scheme:
        url = scheme + ":" + url
    if query:
        url = url + "?" + query
    return url + "#" + fragment if fragment else url


def urlunparse(components):
    scheme, netloc, path, params, query, fragment = components
    if params:
        path = f"{path};{params}"
    return urlunsplit((scheme, netloc, path, query, fragment))


def urljoin(base, url, allow_fragments=True):
    if not base or not url:
        return url or base
    bscheme, bnetloc, bpath, _, bquery, _ = urlparse(base, "", allow_fragments)
    scheme, netloc, path, params, query, fragment = urlparse(url, bscheme, allow_fragments)
    if scheme != bscheme or scheme not in _RELATIVE:
        return url
    if netloc:
        return urlunparse((scheme, netloc, path, params, query, fragment))
    if not path and not params:
        return urlunparse((scheme, bnetloc, bpath, params, query or bquery, fragment))
    resolved = _resolve(bpath, path)
    return urlunparse((scheme, bnetloc, resolved, params, query, fragment))


def _resolve(bpath, path):
    base = bpath.split("/")
    if base[-1] != "":
        base.pop()
    parts = path.split("/") if path[:1] == "/" else base + path.split("/")
    parts = [part for i, part in enumerate(parts) if part or i == 0 or i == len(parts) - 1]
    kept = []
    for part in parts:
        if part == "..":
            if kept:
                kept.pop()
        elif part != ".":
            kept.append(part)
    if parts[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept) or "/"


def urldefrag(url):
    if "#" not in url:
        return DefragResult(url, "")
    scheme, netloc, path, params, query, fragment = urlparse(url)
    return DefragResult(urlunparse((scheme, netloc, path, params, query, "")), fragment)


def quote(string, safe="/", encoding=None, errors=None):
    data = string.encode(encoding or "utf-8") if isinstance(string, str) else string
    keep = _SAFE + safe
    return "".join([chr(b) if b < 128 and chr(b) in keep else f"%{b:02X}" for b in data])


def quote_plus(string, safe="", encoding=None, errors=None):
    return quote(string, safe + " ", encoding, errors).replace(" ", "+")


def quote_from_bytes(bs, safe="/"):
    return quote(bs, safe)


def unquote_to_bytes(string):
    data = string.encode("utf-8") if isinstance(string, str) else string
    pieces = data.split(b"%")
    parts = [pieces[0]]
    for piece in pieces[1:]:
        try:
            parts.append(bytes.fromhex(piece[:2].decode("ascii")) + piece[2:])
        except ValueError:
            parts.append(b"%" + piece)
    return b"".join(parts)


def unquote(string, encoding="utf-8", errors="replace"):
    if "%" not in string:
        return string
    return unquote_to_bytes(string).decode(encoding or "utf-8", errors or "replace")


def unquote_plus(string, encoding="utf-8", errors="replace"):
    return unquote(string.replace("+", " "), encoding, errors)


def urlencode(query, doseq=False, safe="", encoding=None, errors=None, quote_via=quote_plus):
    pairs = query.items() if isinstance(query, dict) else query
    parts = []
    for key, value in pairs:
        many = doseq and isinstance(value, (list, tuple))
        for item in value if many else [value]:
            text = item if isinstance(item, (str, bytes)) else str(item)
            name = key if isinstance(key, (str, bytes)) else str(key)
            parts.append(quote_via(name, safe) + "=" + quote_via(text, safe))
    return "&".join(parts)


def parse_qsl(
    qs,
    keep_blank_values=False,
    strict_parsing=False,
    encoding="utf-8",
    errors="replace",
    max_num_fields=None,
    separator="&",
):
    pairs = []
    for field in qs.split(separator):
        name, equals, value = field.partition("=")
        if not equals and strict_parsing:
            raise ValueError(f"bad query field: {field!r}")
        if not field or (not equals and not keep_blank_values):
            continue
        if value or keep_blank_values:
            pairs.append((unquote_plus(name), unquote_plus(value)))
    return pairs


def parse_qs(
    qs,
    keep_blank_values=False,
    strict_parsing=False,
    encoding="utf-8",
    errors="replace",
    max_num_fields=None,
    separator="&",
):
    result = {}
    for name, value in parse_qsl(qs, keep_blank_values, strict_parsing, encoding, errors, max_num_fields, separator):
        result.setdefault(name, []).append(value)
    return result
