from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from detector.cli.program.commands import config_command
from detector.config.read import parse_settings, read_settings
from detector.config.sample import in_force, sample, to_toml
from detector.config.settings import REPEATED_SECTIONS, SECTIONS, Settings, option_of, options_of
from detector.errors import UserError
from detector.paths import config_path
from rules.lengths import parse_length
from rules.policy import PolicySettings


def uncommented() -> str:
    return re.sub(r"^#(?! |$)", "", sample(), flags=re.MULTILINE)


def test_the_sample_as_it_stands_sets_nothing() -> None:
    assert parse_settings(sample(), "sample") == Settings()
    assert all(not options for options in tomllib.loads(sample()).values())


def test_the_sample_with_every_option_uncommented_gives_the_defaults() -> None:
    tree = tomllib.loads(uncommented())
    for section in SECTIONS:
        assert list(tree[section]) == list(options_of(getattr(Settings(), section))), section
    assert parse_settings(uncommented(), "sample") == Settings()


def test_the_sample_s_example_of_an_activity_can_be_taken_as_it_stands() -> None:
    example = re.sub(r"^#   ", "", "\n".join(re.findall(r"^#   .*$", sample(), re.MULTILINE)), flags=re.MULTILINE)
    assert len(parse_settings(example, "example").activities.own) == 1


def test_every_section_and_every_option_has_a_meaning() -> None:
    kinds = [type(getattr(Settings(), section)) for section in SECTIONS]
    kinds += [section.entry for section in REPEATED_SECTIONS.values()]
    for kind in kinds:
        assert options_of(kind), kind
        assert all(option_of(field).meaning for field in options_of(kind).values()), kind
    repeated = {section.settings for section in REPEATED_SECTIONS.values()}
    assert {*SECTIONS, *repeated} == {field.name for field in dataclasses.fields(Settings)}
    assert all(SECTIONS.values())


def test_every_default_lies_within_its_bounds() -> None:
    for section in SECTIONS:
        settings = getattr(Settings(), section)
        for name, field in options_of(settings).items():
            option, value = option_of(field), getattr(settings, name)
            assert option.minimum is None or option.minimum <= value, name
            assert option.maximum is None or value <= option.maximum, name


@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=3650)))
def test_a_length_is_written_so_that_it_is_read_back_exactly(length: timedelta) -> None:
    assert parse_length(to_toml(length).strip('"')) == length


def test_the_settings_in_force_can_be_read_back_and_say_what_was_changed() -> None:
    settings = dataclasses.replace(
        Settings(), policy=PolicySettings(cool_down=timedelta(seconds=95), grace=timedelta(0), budget=0)
    )
    text = in_force(settings)
    assert 'cool_down = "95 s"  # default: "5 min"' in text
    assert parse_settings(text, "shown") == settings
    assert "default:" not in in_force(Settings())


def test_the_page_on_configuration_holds_the_sample_word_for_word() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert f"```toml\n{sample()}```" in page.read_text(encoding="utf-8")


def test_sample_write_writes_once_privately_and_never_again(home: Path) -> None:
    done = CliRunner().invoke(config_command, ["sample", "--write"])
    path = config_path()
    assert done.exit_code == 0
    assert str(path) in done.output
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_settings(path) == Settings()
    path.write_text("# mine", encoding="utf-8")
    again = CliRunner().invoke(config_command, ["sample", "--write"])
    assert isinstance(again.exception, UserError)
    assert path.read_text(encoding="utf-8") == "# mine"


def test_show_says_where_the_settings_come_from_as_text_and_as_json(home: Path) -> None:
    assert "the defaults apply" in CliRunner().invoke(config_command, ["show"]).output
    config_path().parent.mkdir(parents=True)
    config_path().write_text('[policy]\ncool_down = "1 min"\n', encoding="utf-8")
    assert 'cool_down = "1 min"  # default: "5 min"' in CliRunner().invoke(config_command, ["show"]).output
    shown = json.loads(CliRunner().invoke(config_command, ["show", "--json"]).output)
    assert shown["file"] == str(config_path())
    assert shown["settings"]["policy"]["cool_down"] == "1 min"
    assert shown["settings"]["policy"]["grace"] == "5 min"
    assert shown["settings"]["activity"] == []


@pytest.mark.parametrize("args", [["--help"], ["show", "--help"], ["sample", "--help"]])
def test_help_shows_an_example(args: list[str]) -> None:
    assert "Example: turntoward config" in CliRunner().invoke(config_command, args).output
