from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from detector.config.read import parse_settings, read_settings
from detector.config.settings import SECTIONS, Settings
from detector.errors import UserError


def problems(text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        parse_settings(text, "config.toml")
    return [str(problem) for problem in caught.value.problems]


def test_a_file_that_does_not_exist_gives_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "config.toml") == Settings()


def test_options_in_the_file_are_set_and_the_others_keep_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[policy]\ncool_down = "0 s"\nbudget = 2\n[store]\nretention = "1 w"\n[notifications]\nsentence = "Look up."\n',
        encoding="utf-8",
    )
    settings = read_settings(path)
    assert settings.policy.cool_down == timedelta(0)
    assert settings.policy.budget == 2
    assert settings.policy.grace == Settings().policy.grace
    assert settings.store.retention == timedelta(days=7)
    assert settings.notifications.sentence == "Look up."


def test_settings_cannot_be_changed_once_they_are_read() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().policy = Settings().policy  # type: ignore[misc]


def test_all_problems_are_reported_at_once_with_place_line_and_remedy() -> None:
    said = problems('[policy]\nbudget = 99\nglace = "5 min"\n\n[attention]\n  glance = "ten"\n[stor]\nretention = 3\n')
    assert (
        "\n".join(said)
        == """\
config.toml:2:10: 'budget' is too large: 99
    budget = 99
             ^^
  At most 20.
config.toml:3:1: there is no option 'glace' in [policy]
    glace = "5 min"
    ^^^^^
  Did you mean 'grace'?
config.toml:6:12: 'glance' must be a length: 'ten' is not a length; write for example 45 s, 10 min, 1 h 30 min or 7 d
      glance = "ten"
               ^^^^^
config.toml:7:2: there is no section 'stor'
    [stor]
     ^^^^
  Did you mean 'store'?"""
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("budget = 3", "'budget' belongs below [policy]."),
        ("budgt = 3", "Did you mean 'budget'?"),
        ("[policy]\nbudget = -1", "At least 0."),
        ("[policy]\nbudget = true", "must be a whole number"),
        ("[policy]\nbudget = 3.0", "must be a whole number"),
        ("[policy]\nbudget = nan", "must be a whole number"),
        ("[policy]\ncool_down = 5", 'for example "5 min"'),
        ('[policy]\ncool_down = "-5 min"', "is not a length"),
        ('[policy]\ncool_down = "25 h"', "At most 24 h."),
        ('[store]\nretention = "1 h"', "At least"),
        ('[store]\nretention = "4000 d"', "the maximum is ten years"),
        ('[attention]\nglance = "4 s"', "At least 5 s."),
        ('[attention]\nglance = "3 min"', "At most 2 min."),
        ('[store]\nkeep_names = "yes"', "must be true or false"),
        ("[store]\nkeep_names = 1", "must be true or false"),
        ('[notifications]\nsentence = "a b c d e f g h i j k l m"', "13 words"),
        ('[notifications]\nsentence = "a\\nb"', "cannot be shown"),
        ('[notifications]\nonly = ["plier"]', "Did you mean 'plyer'?"),
        ('[notifications]\nonly = "plyer"', "must be a list"),
        ("policy = 3", "'policy' is a section"),
        ("[[policy]]", "'policy' is a section"),
        ("[policy.budget]", "must be a whole number"),
        ("[activity]", "[[activity]]"),
        ("[[activity]]", "needs 'category'"),
        ('[[activity]]\ncategory = "socal"', "Did you mean 'social'?"),
        ('[[activity]]\ncategory = "social"', "names no app, site or program"),
        ('[[activity]]\ncategory = "social"\napps = ["*"]', "config.toml:1:1: this [[activity]]"),
        ("[policy]\nbudget = 1\nbudget = 2", "Cannot overwrite"),
        ("a = ", "not TOML"),
        ('[policy]\nbudget = "x', "not TOML"),
        ("a=" + "[" * 100_000, "nested too deeply"),
        ("a=" + "9" * 5_000, "not TOML"),
    ],
)
def test_an_invalid_setting_is_reported_with_what_to_do(text: str, told: str) -> None:
    said = "\n".join(problems(text))
    assert told in said
    assert said.startswith("config.toml:")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("policy = {budget = 99}", "1:20"),
        ("policy.budget = 99", "1:17"),
        ('notifications = {sentence = "fine",\tonly = ["print", "plier"]}', "1:54"),
        ('[notifications]\nonly = [\n  "print", # [x]\n  "plier",\n]', "4:3"),
        ('[policy]\n"budget" = 99', "2:12"),
        ('[notifications]\nsentence = """\n[policy]\nbudget = 1"""\n[policy]\nbudget = 99', "2:12"),
    ],
)
def test_a_problem_points_at_its_value_however_the_file_is_written(text: str, place: str) -> None:
    assert problems(text)[0].startswith(f"config.toml:{place}: ")


def test_a_line_without_end_is_not_shown() -> None:
    assert len(problems("[policy]\n" + "x" * 100_000 + " = 1")[0]) < 400
    assert "^" not in problems("[policy]\nbudget = 99 #" + "x" * 100_000)[0]


def test_a_problem_in_the_second_entry_points_into_the_second_entry() -> None:
    said = problems('[[activity]]\ncategory = "social"\napps = ["x"]\n[[activity]]\ncategory = "worc"\n')
    assert said[0].startswith("config.toml:5:12:")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"[policy]\nbudget = 3 # caf\xe9\n", "config.toml:2:17: is not UTF-8 text"),
        (b"#" * 1_000_001, "config.toml: is larger than 1 MB"),
    ],
)
def test_a_file_that_is_not_text_is_an_error(tmp_path: Path, given: bytes, told: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(given)
    with pytest.raises(UserError) as caught:
        read_settings(path)
    assert told in str(caught.value)


def test_a_folder_in_place_of_the_file_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_settings(tmp_path)


def test_a_file_with_windows_line_ends_and_a_mark_at_its_beginning_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes("\ufeff[policy]\r\nbudget = 2\r\n".encode())
    assert read_settings(path).policy.budget == 2


def test_every_section_is_a_field_of_the_settings() -> None:
    assert set(SECTIONS) < {field.name for field in dataclasses.fields(Settings)}


def test_show_names_without_keep_names_is_a_problem() -> None:
    with pytest.raises(UserError) as refused:
        parse_settings("[notifications]\nshow_names = true\n", "config.toml")
    assert str(refused.value).startswith("config.toml:2:14: 'show_names' has no names to show")
    both = parse_settings("[notifications]\nshow_names = true\n[store]\nkeep_names = true\n", "config.toml")
    assert both.notifications.show_names


def test_printing_alone_is_no_valid_choice_of_notifiers() -> None:
    with pytest.raises(UserError) as refused:
        parse_settings('[notifications]\nonly = ["print"]\n', "config.toml")
    assert str(refused.value).startswith("config.toml:2:8: 'print' alone would hide the program")
    assert parse_settings('[notifications]\nonly = ["freedesktop", "print"]\n', "config.toml").notifications.only
