"""Recordings as files: written whole, read as a stream, refused with every problem and its place."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from detector.core.observations import Activity, Focused, InputCounted, Observation
from detector.errors import UserError
from detector.partner_time.model import DEFAULT_TITLE
from detector.store.recordings import MAX_LINE_BYTES, read_recording, write_recording
from tests.rig.stored_records import after_minutes, begins

HEADING = '{"turntoward": "recording", "version": 1, "device": "desk", "note": ""}'
FOCUSED = '{"at": "2026-11-23T18:31:02.5Z", "kind": "Focused", "activity": {"category": "social"}}'


def refused(*lines: str | bytes) -> list[str]:
    raw = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    with pytest.raises(UserError) as wrong:
        list(read_recording(io.BytesIO(raw), "x.jsonl"))
    return [str(problem) for problem in wrong.value.problems]


def test_a_recording_is_private_and_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "evening.jsonl"

    def breaks_off() -> Iterator[Observation]:
        yield Focused(at=after_minutes(1), activity=None)
        raise RuntimeError("the sensor had a bug")

    with pytest.raises(RuntimeError):
        write_recording(path, breaks_off())
    assert [file for file in tmp_path.iterdir() if file.is_file()] == []
    observed = [
        Focused(at=after_minutes(1), activity=Activity(category="social")),
        InputCounted(at=after_minutes(2), scrolls=3),
    ]
    assert write_recording(path, observed, device="desk", note="für Kim") == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text(encoding="utf-8").splitlines() == [
        '{"turntoward": "recording", "version": 1, "device": "desk", "note": "für Kim"}',
        '{"at": "2026-11-23T18:31:00Z", "kind": "Focused", "device": "laptop", "activity": {"category": "social"}}',
        '{"at": "2026-11-23T18:32:00Z", "kind": "InputCounted", "device": "laptop", "scrolls": 3}',
    ]
    assert list(read_recording(path)) == observed


def test_no_title_is_in_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "evening.jsonl"
    began = cast("Any", begins(title="CANARY with Kim").item)
    write_recording(path, [began])
    assert "CANARY" not in path.read_text()
    assert list(read_recording(path)) == [replace(began, title=DEFAULT_TITLE)]


def test_a_recording_written_by_hand_is_read() -> None:
    lines = [
        "\ufeff" + HEADING,
        "",
        FOCUSED,
        '{"kind":"CameBack","at":"2026-11-23T19:31:03+01:00","device":"phone"}',
        " ",
    ]
    focused, back = read_recording(io.BytesIO("\r\n".join(lines).encode()))
    assert focused.device == "desk"
    assert (back.device, back.at) == ("phone", after_minutes(1) + timedelta(seconds=3))


def test_problems_are_named_with_line_and_column() -> None:
    problems = refused(
        HEADING,
        FOCUSED,
        '{"at": "2026-11-23T18:31:03Z", "kind": "Focussed", "activity": null}',
        '{"at": "2026-11-23T18:31:03", "kind": "CameBack"}',
        '{"at": "2026-11-23T18:31:03Z", "kind": "Focused", "activity": {"category": "socail"}}',
        '{"at": "2026-11-23T18:31:03Z", "kind": "InputCounted", "scrolls": true}',
        '{"at": "2026-11-23T18:31:03Z", "kind": "CameBack",}',
        '{"at": "2026-11-23T18:31:00Z", "kind": "CameBack"}',
        '{"at": "2026-11-23T18:31:04Z", "kind": "WentIdle", "since": "2026-11-23T18:31:05Z"}',
        '{"at": "2026-11-23T18:31:04Z", "kind": "WentIdle"}',
        "[1, 2]",
        b'{"at": "2026-11-23T18:31:04Z", "device": "\xff"}',
    )
    # After "JSON:" Python's own words follow, which differ from version to version.
    assert [problem.splitlines()[0].partition("JSON:")[0] for problem in problems] == [
        "x.jsonl:3:40: there is no kind of observation 'Focussed'",
        "x.jsonl:4:8: 'at' names no zone; write for example 2026-11-23T18:31:02.5Z",
        "x.jsonl:5:76: there is no category 'socail'",
        "x.jsonl:6:67: 'scrolls' must be a whole number, zero or more",
        "x.jsonl:7:51: this is no ",
        "x.jsonl:8:8: 2026-11-23T18:31:00Z is earlier than what stands above it",
        "x.jsonl:9:61: 'since' is later than 'at'",
        "x.jsonl:10:1: WentIdle lacks 'since'",
        "x.jsonl:11:1: a line holds one object in braces",
        "x.jsonl:12:43: this is no UTF-8 text",
    ]


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ('{"turntoward": "export", "version": 1}', "x.jsonl:1:1: this is no recording"),
        (FOCUSED, "x.jsonl:1:1: this is no recording"),
        ("a shopping list", "x.jsonl:1:1: this is no JSON"),
        (
            '{"turntoward": "recording", "version": 2}',
            "x.jsonl:1:40: only version 1 of recordings is known here; update",
        ),
        ('{"turntoward": "recording"}', "x.jsonl:1:1: only version 1"),
        ('{"turntoward": "recording", "version": 1, "title": "x"}', "x.jsonl:1:52: the heading has no field 'title'"),
        ('{"turntoward": "recording", "version": 1, "note": 7}', "x.jsonl:1:51: 'note' must be text"),
    ],
)
def test_an_invalid_heading_is_a_problem(heading: str, said: str) -> None:
    (problem,) = refused(heading)
    assert problem.startswith(said)


def test_an_empty_file_is_no_recording() -> None:
    (problem,) = refused()
    assert problem.startswith("x.jsonl:1:1: the file is empty")
    assert list(read_recording(io.BytesIO(HEADING.encode()))) == []


def test_after_twenty_problems_the_rest_is_counted() -> None:
    problems = refused(HEADING, *["nonsense"] * 1234)
    assert len(problems) == 21
    assert problems[-1] == "x.jsonl: and 1,214 more"


def test_an_endless_line_is_a_problem_and_is_not_read_into_memory() -> None:
    class Endless(io.RawIOBase):
        left = 64 * 1024 * 1024

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            size = min(len(buffer), self.left)
            buffer[:size] = b"x" * size
            self.left -= size
            return size

    tracemalloc.start()
    with pytest.raises(UserError, match=f"longer than {MAX_LINE_BYTES:,} bytes"):
        list(read_recording(io.BufferedReader(Endless())))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_control_characters_of_a_recording_are_not_printed() -> None:
    shown = "\n".join(refused(HEADING, '{"\\u001b[31mred": "\u202e", "kind": "CameBack", "\u001b[2J": 1}', "\u001b[2J"))
    assert "\u001b" not in shown
    assert "\u202e" not in shown


def test_nothing_is_yielded_after_the_first_problem() -> None:
    later = FOCUSED.replace("18:31", "18:40")
    raw = f"{HEADING}\n{FOCUSED}\nnonsense\n{later}".encode()
    found: list[Observation] = []
    with pytest.raises(UserError):
        found.extend(read_recording(io.BytesIO(raw)))
    assert [observation.at for observation in found] == [after_minutes(1) + timedelta(seconds=2.5)]
    source = read_recording(io.BytesIO(raw))
    assert next(source).at == after_minutes(1) + timedelta(seconds=2.5)
    with pytest.raises(UserError):
        next(source)


@pytest.mark.parametrize("name", ["nowhere.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        list(read_recording(tmp_path / name))


def test_deep_nesting_and_huge_numbers_are_problems() -> None:
    deep = '{"at": "2026-11-23T18:31:03Z", "kind": "Focused", "activity": ' + "[" * 20000 + "]" * 20000 + "}"
    huge = '{"at": "2026-11-23T18:31:03Z", "kind": "InputCounted", "keys": ' + "9" * 400 + "}"
    far = '{"at": "0001-01-01T00:00:00+14:00", "kind": "CameBack"}'
    assert len(refused(HEADING, deep, huge, far)) == 3


@pytest.mark.thorough
def test_memory_stays_flat_however_long_the_recording_is() -> None:
    def peak(lines: int) -> int:
        line = FOCUSED.encode() + b"\n"

        class Many(io.RawIOBase):
            at = 0

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                part = (line * (len(buffer) // len(line) + 2))[self.at % len(line) :][: len(buffer)]
                part = part[: max(0, lines * len(line) - self.at)]
                buffer[: len(part)] = part
                self.at += len(part)
                return len(part)

        source = io.BufferedReader(Many())
        heading = io.BytesIO(HEADING.encode() + b"\n")

        class Both:
            def readline(self, limit: int) -> bytes:
                return heading.readline(limit) or source.readline(limit)

        tracemalloc.start()
        assert sum(1 for _ in read_recording(cast("Any", Both()))) == lines
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(50_000) < peak(500) + 100_000
