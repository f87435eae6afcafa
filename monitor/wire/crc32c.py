"""CRC-32C (Castagnoli): the checksum of the PROXY protocol (section 2.2.3) and of SCTP (RFC 4960, appendix B)."""

_REFLECTED_POLYNOMIAL = 0x82F63B78
_ALL_ONES = 0xFFFFFFFF


def _remainder(byte: int) -> int:
    """Divide one byte by the polynomial, least significant bit first."""
    for _ in range(8):
        byte = byte >> 1 ^ (_REFLECTED_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(_remainder(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """Return the checksum of ``data``, 0 to 0xFFFFFFFF."""
    crc = _ALL_ONES
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ _ALL_ONES
