"""Files are written into the attempt's folder only, whole, and within limits."""

import base64
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphs.tools import ToolError, files
from tests.tools.conftest import MakeRoom, call, refuse


async def test_a_text_is_written_and_can_be_read_again(make_room: MakeRoom):
    room = make_room()
    result = await call(room, "write_file", name="Bericht für Ada.md", text="# Hallo\n")
    assert result.files == ("Bericht für Ada.md",)
    assert (room.folder / "Bericht für Ada.md").read_text() == "# Hallo\n"
    read = await call(room, "read_attachment", name="Bericht für Ada.md")
    assert "# Hallo" in read.text


async def test_bytes_come_as_base64(make_room: MakeRoom):
    room = make_room()
    await call(room, "write_file", name="a.bin", base64=base64.b64encode(b"\0\1").decode())
    assert (room.folder / "a.bin").read_bytes() == b"\0\1"
    assert (await refuse(room, "write_file", name="a.bin", base64="???")).failed


async def test_writing_again_replaces_the_whole_file(make_room: MakeRoom):
    room = make_room()
    await call(room, "write_file", name="a.txt", text="long text")
    await call(room, "write_file", name="a.txt", text="x")
    assert os.listdir(room.folder) == ["a.txt"]
    assert (room.folder / "a.txt").read_text() == "x"


@pytest.mark.parametrize(
    "name",
    ["../a.txt", "/etc/passwd", "a/b.txt", "a\\b.txt", "..", ".", "", ".hidden", "a..b", "con.txt",
     "a\0b", "a\nb", "x" * 200, "a.txt ", "a.", "-rf", "~root", "a:b", "C:a.txt", "\u202egpj.exe"],
)  # fmt: skip
async def test_a_name_that_could_lead_elsewhere_is_refused(make_room: MakeRoom, name: str):
    room = make_room()
    result = await refuse(room, "write_file", name=name, text="x")
    assert result.failed
    assert not room.folder.exists() or not os.listdir(room.folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(name=st.text(max_size=40))
def test_whatever_name_passes_stays_in_the_folder(tmp_path: Path, name: str):
    try:
        safe = files.safe_name(name)
    except ToolError:
        return
    assert (tmp_path / safe).resolve().parent == tmp_path.resolve()
    (tmp_path / safe).write_bytes(b"")


async def test_a_link_in_the_folder_is_never_followed(make_room: MakeRoom, tmp_path: Path):
    room = make_room()
    outside = tmp_path / "outside.txt"
    outside.write_text("kept")
    room.folder.mkdir()
    (room.folder / "a.txt").symlink_to(outside)
    assert (await refuse(room, "write_file", name="a.txt", text="x")).failed
    assert (await refuse(room, "read_attachment", name="a.txt")).failed
    assert outside.read_text() == "kept"


async def test_a_folder_that_is_a_link_is_refused(make_room: MakeRoom, tmp_path: Path):
    room = make_room()
    (tmp_path / "elsewhere").mkdir()
    room.folder.symlink_to(tmp_path / "elsewhere")
    assert (await refuse(room, "write_file", name="a.txt", text="x")).failed
    assert not os.listdir(tmp_path / "elsewhere")


async def test_the_51st_file_and_a_file_over_10_mb_are_refused(make_room: MakeRoom):
    room = make_room()
    big = await refuse(room, "write_file", name="big.txt", text="x" * (files.MAX_BYTES + 1))
    assert "10 MB" in big.text
    for number in range(files.MAX_FILES):
        await call(room, "write_file", name=f"{number}.txt", text="")
    assert (await refuse(room, "write_file", name="more.txt", text="")).failed
    await call(room, "write_file", name="0.txt", text="again")


async def test_a_refused_write_leaves_no_draft(make_room: MakeRoom):
    room = make_room()
    (room.folder / "a.txt").mkdir(parents=True)
    assert (await refuse(room, "write_file", name="a.txt", text="x")).failed
    assert os.listdir(room.folder) == ["a.txt"]
