"""A pack gives its good rules and every problem of the others, each at its place."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model import DEVICE_PLACEHOLDER, FeatureKey
from rules.pack import Pack, PackProblem, read_pack

PAGE = 'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'


def rule(code: str = "X101", when: str = '"put_away"', more: str = "") -> str:
    return f'[[rule]]\ncode = "{code}"\nname = "A name"\nwhen = {when}\n{PAGE}{more}\n'


def read(text: str) -> Pack:
    return read_pack(text, "mine.toml")


def only(pack: Pack) -> PackProblem:
    (problem,) = pack.problems
    assert problem.file == "mine.toml"
    return problem


def test_a_whole_pack_is_read() -> None:
    pack = read('pack = "Mine"\n' + rule(more="after_grace = true\nspeaks = false") + rule("AB12"))
    assert pack.problems == ()
    assert pack.name == "Mine"
    first, second = pack.rules
    assert (first.code, first.name, first.source) == ("X101", "A name", "mine.toml")
    assert (first.after_grace, second.after_grace) == (True, False)
    assert (first.may_nudge, second.may_nudge) == (False, True)
    assert (first.page.notices, first.page.example) == ("a", "e")
    assert first.condition.text == "put_away"


@pytest.mark.parametrize(
    ("when", "line", "column", "source"),
    [
        ('"dwel >= 3 s"', 4, 9, 'when = "dwel >= 3 s"'),
        ("'put_away and dwel >= 3 s'", 4, 22, "when = 'put_away and dwel >= 3 s'"),
        ('"""\nput_away\n  and dwel >= 3 s"""', 6, 7, '  and dwel >= 3 s"""'),
        ("'''put_away\nand dwel >= 3 s\n'''", 5, 5, "and dwel >= 3 s"),
        ('"""\nput_away \\\n\n   and dwel >= 3 s"""', 7, 8, '   and dwel >= 3 s"""'),
        ('"put\\u005Faway\\tand dwel >= 3 s"', 4, 28, 'when = "put\\u005Faway\\tand dwel >= 3 s"'),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_problem_of_the_condition_points_into_the_file(
    when: str, line: int, column: int, source: str, line_end: str
) -> None:
    problem = only(read(rule(when=when).replace("\n", line_end)))
    assert (problem.line, problem.column, problem.width) == (line, column, 4)
    assert problem.source == source
    assert problem.hint == "Did you mean 'dwell'?"
    assert source[column - 1 : column + 3] == "dwel"


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        (rule(more="aftergrace = true"), "'aftergrace' is not known in a rule.", (10, 1)),
        (rule(more='after_grace = "yes"'), "after_grace is true or false.", (10, 15)),
        (rule(more='speaks = "no"'), "speaks is true or false.", (10, 10)),
        (rule("x1"), "A code is one to four capital letters and one to four digits.", (2, 8)),
        (rule("ABCDE1"), "A code is", (2, 8)),
        (rule().replace('why = "b"\n', "").replace('needs = "d"\n', ""), "This rule has no why and no needs.", (1, 1)),
        (rule().replace('"A name"', "3"), "name is a text.", (3, 8)),
        (rule().replace('"A name"', '" "'), "name is empty.", (3, 8)),
        (rule().replace('"A name"', f'"{"n" * 61}"'), "name has 61 characters; 60 are the most.", (3, 8)),
        (rule().replace('"A name"', '"a\\nb"'), "name is one line of plain text.", (3, 8)),
        (rule().replace('"b"', '"a\\u001b[2J"'), "why holds characters that cannot be printed.", (6, 7)),
        (rule(more='until = "dwel > 3 s"'), "There is no feature 'dwel'.", (10, 10)),
        (rule(more='until = """\nfull_screen and\n  dwell < 3"""'), "dwell is a length: write 3 s or 3 min.", (12, 11)),
        (rule(more="until = 3"), "until is a text.", (10, 9)),
        (rule(more='until = " "'), "until is empty.", (10, 9)),
        (rule(more='until = " put_away "'), "until says the same as when: this rule would end as it begins.", (10, 9)),
        (rule(more="because = 'in {dwel}'"), "There is no feature 'dwel'.", (10, 16)),
        (rule(more='because = "a\\tb {dwell}"'), "because is one line of plain text.", (10, 11)),
        (rule(more='because = "\\u0041\\u0042 {dwel}"'), "There is no feature 'dwel'.", (10, 26)),
        (rule(more='because = """\\\n  in {dwel}"""'), "There is no feature 'dwel'.", (11, 7)),
        (rule(more='because = """in \n {dwell}"""'), "because is one line of plain text.", (10, 11)),
        (rule(more="because = ''"), "because is empty.", (10, 11)),
        (rule(more="because = true"), "because is a text.", (10, 11)),
        (rule(more=f'because = "{"x" * 201}"'), "A sentence has at most 200 characters; this one has 201.", (10, 12)),
        (rule(more='becuase = "x"'), "'becuase' is not known in a rule.", (10, 1)),
        (rule(when="3"), "when is a text.", (4, 8)),
        (rule(when='""'), "when is empty.", (4, 8)),
        (rule(when=f'"{"x" * 2001}"'), "A condition has at most 2000 characters; this one has 2001.", (4, 9)),
        ("packs = 3\n" + rule(), "'packs' is not known in a pack.", (1, 1)),
        ("pack = 3\n" + rule(), "pack is a text.", (1, 8)),
        ("rule = 3\n", "Each rule is a table of its own.", (1, 8)),
        ('[rule]\ncode = "X1"\n', "Each rule is a table of its own.", (1, 1)),
        ("", "There is no rule in this pack.", (None, None)),
        ("[[rule]]\ncode = \n", "This is not TOML: ", (2, 8)),
        ("[[rule]]\ncode = [1,\n", "This is not TOML: ", (2, 11)),
        ("a = " + "9" * 5000, "This is not TOML: A value is too long or too deeply nested.", (None, None)),
        ("a = " + "[" * 3000, "This is not TOML: A value is too long or too deeply nested.", (None, None)),
    ],
)
def test_a_mistake_is_said_at_its_place(text: str, message: str, place: tuple[int | None, int | None]) -> None:
    problem = only(read(text))
    assert message in problem.message
    assert (problem.line, problem.column) == place
    assert (problem.source is None) == (place[0] is None)


def test_a_rule_says_until_and_because_and_declares_what_they_need() -> None:
    more = 'until = "dwell < 3 s for 9 s"\nbecause = " {glances(10 min)} looks at {category} on {device}."'
    (found,) = read(rule(more=more)).rules
    assert found.until is not None
    assert (found.until.text, found.until.memory_size) == ("dwell < 3 s for 9 s", 1)
    assert found.because == "{glances(10 min)} looks at {category} on {device}."
    glances, category = FeatureKey("glances", timedelta(minutes=10)), FeatureKey("category")
    assert found.because_parts == (glances, " looks at ", category, " on ", DEVICE_PLACEHOLDER, ".")
    assert found.condition.features_used == {FeatureKey("put_away")}
    assert found.features_used == {FeatureKey("put_away"), FeatureKey("dwell"), glances, category}
    (plain,) = read(rule()).rules
    assert (plain.until, plain.because, plain.because_parts) == (None, None, ())
    assert plain.features_used == plain.condition.features_used


def test_a_rule_with_a_broken_until_or_because_is_left_out_and_all_of_it_is_said() -> None:
    pack = read(rule(when="'dwel > 3 s'", more="until = 'foo'\nbecause = '{bar}'") + rule("X2"))
    assert [problem.line for problem in pack.problems] == [4, 10, 11]
    assert [good.code for good in pack.rules] == ["X2"]
    assert pack.broken == ("X101",)


def test_of_ten_thousand_rules_the_first_thousand_are_read_and_the_others_are_remembered() -> None:
    line = f"when = 'oops'\n{PAGE}"
    codes = [f"Z{number}" for number in range(10_000)]
    pack = read("".join(f'[[rule]]\ncode = "{code}"\nname = "n"\n{line}' for code in codes))
    too_many = [problem for problem in pack.problems if "10,000" in problem.message]
    assert [problem.message for problem in too_many] == [
        "There are 10,000 rules in this file; only the first 1,000 are read."
    ]
    assert too_many[0].line == 1000 * 9 + 1
    assert len(pack.problems) == 1001
    assert pack.broken == tuple(codes)
    assert pack.rules == ()


def test_a_thousand_rules_are_all_read() -> None:
    pack = read("".join(rule(f"Z{number}", "'put_away'") for number in range(1000)))
    assert pack.problems == ()
    assert len(pack.rules) == 1000


def test_a_broken_rule_is_left_out_and_the_others_stand() -> None:
    pack = read(rule("X1") + rule("X2", '"dwel > 3 s and foo"', "nmae = 3") + rule("X3") + rule("x4"))
    assert [good.code for good in pack.rules] == ["X1", "X3"]
    assert pack.broken == ("X2",)
    assert [problem.line for problem in pack.problems] == [14, 14, 20, 32]


def test_the_second_rule_of_a_code_is_refused_and_the_first_stands() -> None:
    pack = read(rule("X1") + rule("X1", '"full_screen"'))
    assert only(pack).message == "There is another rule X1 in this file."
    assert [good.condition.text for good in pack.rules] == ["put_away"]
    assert pack.broken == ()


def test_the_codes_of_a_file_that_is_no_toml_are_remembered_as_broken() -> None:
    pack = read(rule("X1") + rule("X2") + "= oops\n")
    assert (pack.rules, pack.broken) == ((), ("X1", "X2"))


def test_a_line_of_many_characters_is_not_repeated_whole() -> None:
    problem = only(read(rule(more="oops = [" + "1," * 5000 + "]")))
    assert problem.source is not None
    assert len(problem.source) <= 200
    far = read("[[rule]]\nx = [" + "1," * 5000 + "] oops\n").problems[0]
    assert far.source is None


@given(st.text(max_size=80) | st.lists(st.sampled_from([*rule(), "[[rule]]\n", '"""', "when = ", "\x00"])).map("".join))
def test_no_text_makes_reading_fail(text: str) -> None:
    pack = read(text)
    assert pack.rules or pack.problems
    for problem in pack.problems:
        assert problem.message.isprintable()


def test_a_pack_of_a_later_version_is_left_out_whole_with_one_sentence() -> None:
    pack = read(f'version = 2\nmood = "later"\n{rule("F101", "12")}')
    problem = only(pack)
    assert (problem.line, problem.column) == (1, 11)
    assert problem.message == "This pack is of version 2; here only version 1 is known."
    assert problem.hint == "Update turntoward to read it."
    assert (pack.rules, pack.broken) == ((), ("F101",))


@pytest.mark.parametrize("version", ["0", "-1", "true", '"1"', "1.5"])
def test_a_version_is_a_whole_number(version: str) -> None:
    assert only(read(f"version = {version}\n{rule()}")).message == "version is a whole number, 1 or more."
    assert read(f"version = 1\n{rule()}").problems == ()
