"""Archives that unpack to gigabytes, made without unpacking any: one packed block, repeated."""

import io
import struct
import zipfile
import zlib

MEGABYTE = bytes(1 << 20)


def zeros(megabytes: int) -> tuple[bytes, int]:
    """Give a deflate stream of so many megabytes of zeros, and their CRC."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # After a full flush nothing refers back, so the same bytes may follow each other.
    block = packer.compress(MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(megabytes):
        crc = zlib.crc32(MEGABYTE, crc)
    return block * megabytes + b"\x03\x00", crc


def overlapping(megabytes: int, times: int, kernel_name: str = "xl/media/a.bin") -> bytes:
    """Give an .xlsx whose directory names one packed kernel `times` times."""
    shell = io.BytesIO()
    with zipfile.ZipFile(shell, "w") as box:
        box.writestr("xl/workbook.xml", "<workbook/>")
    with zipfile.ZipFile(shell) as box:
        start, comment = box.start_dir, shell.getvalue()
    packed, crc = zeros(megabytes)
    name, sizes = kernel_name.encode(), (crc, len(packed), megabytes << 20)
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 33, *sizes, len(name), 0)
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, *sizes, len(name), 0, 0, 0, 0, 0, start
    )
    body = comment[:start] + local + name + packed
    directory = comment[start:-22] + (entry + name) * times
    end = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, times + 1, times + 1, len(directory), len(body), 0
    )
    return body + directory + end


def lying(megabytes: int, claimed: int) -> bytes:
    """Give an .xlsx with a member that says it unpacks to `claimed` bytes, and does not."""
    honest = overlapping(megabytes, 1)
    return honest.replace(struct.pack("<I", megabytes << 20), struct.pack("<I", claimed))


def nested(depth: int) -> bytes:
    """Give archives inside archives, the outermost an .xlsx."""
    inner = b"nothing"
    for level in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
            box.writestr("xl/workbook.xml", "<workbook/>")
            box.writestr(f"xl/embeddings/{level}.zip", inner)
        inner = out.getvalue()
    return inner


def crowded(entries: int) -> bytes:
    """Give an .xlsx with very many members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        box.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(entries):
            box.writestr(f"xl/{number}", "")
    return out.getvalue()
