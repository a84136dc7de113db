# mypy: ignore-errors
"""Guest source of `zlib`: checksums; compression is not offered."""

import binascii as _binascii


def crc32(data, value=0):
    return _binascii.crc32(data, value)


def adler32(data, value=1):
    low, high = value & 0xFFFF, value >> 16
    for byte in data:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return high << 16 | low


def compress(data, level=-1):
    raise NotImplementedError("zlib.compress is not available here: keep the data as it is")


def decompress(data, wbits=15, bufsize=16384):
    raise NotImplementedError("zlib.decompress is not available here: pass text that is not compressed")
