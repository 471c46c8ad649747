"""docs/rules.md says what the code says: the features, the grammar's words, the built-in rules."""

from __future__ import annotations

import re
from pathlib import Path

from detector.rulebook.loading import built_in_pack
from rules.features import CATEGORIES, DISTRACTING, FEATURES, ArgumentKind, Feature, Unit
from rules.language import compile_condition
from rules.pack import KEYS, read_pack

FOLDER = Path(__file__).parents[2] / "docs"
DOCS = "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("rules.md", "built-in-rules.md"))
COMPARED = {
    Unit.LENGTH: "a length, `>= 60 s`",
    Unit.COUNT: "a count, `>= 3`",
    Unit.RATE: "a rate, `>= 12 / min`",
    Unit.SHARE: "a share, `>= 10 %`",
    Unit.CATEGORY: "a category, `is social`",
    Unit.FLAG: "yes or no",
}
ARGUMENTS = {ArgumentKind.NONE: "", ArgumentKind.SPAN: "(10 min)", ArgumentKind.CATEGORY_AND_SPAN: "(social, 10 min)"}


def row(feature: Feature) -> str:
    scope = "yes" if feature.has_scopes else ""
    name = feature.name + ARGUMENTS[feature.arguments]
    return f"| `{name}` | {COMPARED[feature.unit]} | {scope} | {feature.meaning} |"


def feature_table() -> str:
    head = "| feature | compared with | `all.` | meaning |\n|---|---|---|---|\n"
    return head + "\n".join(map(row, FEATURES.values())) + "\n"


def rule_table() -> str:
    head = "| code | name | notices |\n|---|---|---|\n"
    return head + "".join(f"| {rule.code} | {rule.name} | {rule.page.notices} |\n" for rule in built_in_pack().rules)


def test_the_table_of_features_is_the_catalogue() -> None:
    assert feature_table() in DOCS, f"put this into docs/rules.md:\n{feature_table()}"


def test_the_table_of_rules_is_the_built_in_pack() -> None:
    assert rule_table() in DOCS, f"put this into docs/rules.md:\n{rule_table()}"


def test_the_categories_are_all_named() -> None:
    assert f"The categories: {', '.join(f'`{name}`' for name in CATEGORIES)}." in DOCS
    assert f"`distraction` is the set of {', '.join(f'`{n}`' for n in CATEGORIES if n in DISTRACTING)}." in DOCS


def test_every_key_of_a_rule_is_explained() -> None:
    assert [key for key in KEYS if f"| `{key}` |" not in DOCS] == []


def test_every_pack_in_the_text_is_read_and_every_condition_compiles() -> None:
    packs = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    conditions = re.findall(r"```condition\n(.*?)```", DOCS, re.DOTALL)
    assert packs
    assert conditions
    for pack in packs:
        assert read_pack(pack, "docs").problems == ()
    for condition in (line for block in conditions for line in block.splitlines()):
        assert compile_condition(condition)
