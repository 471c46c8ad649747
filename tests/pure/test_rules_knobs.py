"""The numbers of a rule that a person can set: in its texts, with other values, and with every mistake at its place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.knobs import render, render_sentence, with_knobs
from rules.model import Knobs, RetiredRule, Rule
from rules.pack import Pack, PackProblem, read_pack

KNOBS = Knobs(after=timedelta(seconds=90), times=3, within=timedelta(minutes=10))
DECLARED = 'after = "90 s"\ntimes = 3\nwithin = "10 min"\n'
WHEN = "category is mail and (dwell >= {after} or all.uses(mail, {within}) >= {times})"


def pack_text(when: str = WHEN, declared: str = DECLARED, more: str = "") -> str:
    page = 'notices = "{after} of {what}."\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'
    return f'[[rule]]\ncode = "X101"\nname = "A name"\n{declared}when = "{when}"\n{page}{more}\n'


def read(text: str) -> Pack:
    return read_pack(text, "mine.toml")


def only_rule(text: str) -> Rule:
    pack = read(text)
    assert pack.problems == ()
    (rule,) = pack.rules
    return rule


def only_problem(text: str) -> PackProblem:
    (problem,) = read(text).problems
    return problem


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("dwell >= {after}", "dwell >= 90 s"),
        ("dwell >= { after }", "dwell >= 90 s"),
        ("dwell >= {after / 2}", "dwell >= 45 s"),
        ("dwell >= {after*2}", "dwell >= 3 min"),
        ("dwell >= {after / 1.5}", "dwell >= 60 s"),
        ("dwell >= {after / 7}", "dwell >= 13 s"),
        ("dwell >= {after / 999}", "dwell >= 1 s"),
        ("time(mail, {within * 999}) > 1 s", "time(mail, 24 h) > 1 s"),
        ("uses(mail, {within}) >= {times / 2}", "uses(mail, 10 min) >= 2"),
    ],
)
def test_a_placeholder_gives_way_to_the_value(template: str, text: str) -> None:
    assert render(template, KNOBS).text == text


def test_a_place_in_the_rendered_text_is_found_in_the_template() -> None:
    template = "dwell >= {after} and foo and opens({within}) >= 3"
    rendered = render(template, KNOBS)
    assert rendered.in_template(rendered.text.index("dwell"), 5) == (0, 5)
    assert rendered.in_template(rendered.text.index("foo"), 3) == (template.index("foo"), 3)
    assert rendered.in_template(rendered.text.index("min"), 3) == (template.index("{within}"), 8)
    assert rendered.in_template(len(rendered.text), 1) == (len(template), 1)


def test_braces_in_a_sentence_that_mean_no_knob_stay() -> None:
    assert render_sentence("{after}, {what}, {times} {", Knobs(times=4)) == "{after}, {what}, 4 {"


def test_a_pack_declares_knobs_and_its_rule_has_their_values() -> None:
    rule = only_rule(pack_text(more='not_before = "10 min"'))
    assert rule.knobs == KNOBS
    assert rule.condition.text == "category is mail and (dwell >= 90 s or all.uses(mail, 10 min) >= 3)"
    assert rule.page.notices == "90 s of {what}."
    assert rule.not_before == timedelta(minutes=10)
    assert rule.template is not None
    assert rule.template.when == WHEN


def test_a_rule_with_other_values_differs_in_nothing_else() -> None:
    rule = only_rule(pack_text(more='until = "dwell < {after / 3}"'))
    other = with_knobs(rule, Knobs(after=timedelta(minutes=3)))
    assert other.knobs == Knobs(after=timedelta(minutes=3), times=3, within=timedelta(minutes=10))
    assert other.condition.text == rule.condition.text.replace("90 s", "3 min")
    assert other.until is not None
    assert other.until.text == "dwell < 60 s"
    assert other.page.notices == "3 min of {what}."
    assert with_knobs(other, rule.knobs).condition.text == rule.condition.text
    assert with_knobs(rule, Knobs()) is rule


def test_a_knob_that_a_rule_does_not_have_is_refused() -> None:
    rule = only_rule(pack_text("dwell >= {after}", 'after = "90 s"\n'))
    with pytest.raises(ValueError, match="X101 has no times"):
        with_knobs(rule, Knobs(times=3))


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        (
            pack_text(declared='after = 90\ntimes = 3\nwithin = "1 h"\n'),
            "after is a length of time, in quotes.",
            (4, 9),
        ),
        (pack_text(declared='after = "no"\ntimes = 3\nwithin = "1 h"\n'), "after is a length of time", (4, 9)),
        (pack_text(declared='after = "25 h"\ntimes = 3\nwithin = "1 h"\n'), "a length from 1 s to 24 h.", (4, 9)),
        (pack_text(declared='after = "9 s"\ntimes = true\nwithin = "1 h"\n'), "a whole number from 1 to 100.", (5, 9)),
        (pack_text(declared='after = "9 s"\ntimes = 101\nwithin = "1 h"\n'), "a whole number from 1 to 100.", (5, 9)),
        (pack_text("dwell >= {after}"), "'times' stands nowhere in the condition.", (5, 1)),
        (pack_text("dwell >= {aftr}", ""), "'aftr' is not a knob.", (4, 18)),
        (pack_text("dwell >= {after}", ""), "This rule has no 'after'.", (4, 18)),
        (pack_text("dwell >= {after + 2}", 'after = "9 s"\n'), "a knob of the rule, with at most one number", (5, 18)),
        (pack_text("dwell >= {after * 0}", 'after = "9 s"\n'), "Zero leaves nothing of it.", (5, 18)),
        (pack_text("dwell >= {after} and dwel", 'after = "9 s"\n'), "There is no feature 'dwel'.", (5, 30)),
        (pack_text("scrolls(60 s) >= {after}", 'after = "9 s"\n'), "scrolls is a count", (5, 26)),
        (pack_text("dwell >= 9 s", "", "not_before = 3"), "not_before is a length of time, in quotes.", (10, 14)),
    ],
)
def test_a_mistake_is_reported_at_its_place(text: str, message: str, place: tuple[int, int]) -> None:
    problems = [problem for problem in read(text).problems if message in problem.message]
    assert [(problem.line, problem.column) for problem in problems] == [place]
    assert read(text).rules == ()


RETIRED = '[[retired]]\ncode = "X9"\nname = "Once"\nheirs = ["X101", "F101"]\nnote = "One rule now."\n'


def test_a_pack_holds_the_rules_that_it_once_had() -> None:
    pack = read(pack_text() + RETIRED)
    assert pack.problems == ()
    assert pack.retired == (RetiredRule(code="X9", name="Once", heirs=("X101", "F101"), note="One rule now."),)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (RETIRED + 'why = "x"\n', "'why' is not known in a retired rule."),
        (RETIRED.replace('note = "One rule now."', ""), "This retired rule has no note."),
        (RETIRED.replace('"F101"', "3"), "heirs is a list of codes."),
        (RETIRED.replace('"X9"', '"x9"'), "A code is one to four capital letters"),
        (RETIRED.replace('"X9"', '"X101"'), "There is another rule X101 in this file."),
        (RETIRED + RETIRED, "There is another rule X9 in this file."),
        ("retired = 3\n", "Each retired rule is a table of its own."),
    ],
)
def test_a_retired_rule_with_a_mistake_is_left_out(wrong: str, message: str) -> None:
    text = wrong + pack_text() if wrong.startswith("retired") else pack_text() + wrong
    pack = read(text)
    assert message in "\n".join(problem.message for problem in pack.problems)
    assert [rule.code for rule in pack.rules] == ["X101"]
    assert len(pack.retired) == wrong.count("[[retired]]") - 1 or not pack.retired
