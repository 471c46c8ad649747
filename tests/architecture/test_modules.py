"""Every module says what it is for, and the packages that the user asked for are in use."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import SOURCES, Source

REQUIRED_PACKAGES = ("psutil", "pynput", "apscheduler", "sqlite_utils", "plyer")


@pytest.mark.parametrize("module", SOURCES, ids=str)
def test_the_docstring_of_a_module_begins_with_what_it_is_for(module: Source) -> None:
    docstring = ast.get_docstring(module.tree)
    assert docstring, "the first line of a module says what it is for"
    first = docstring.splitlines()[0]
    assert first.endswith((".", ":")), first
    assert "!" not in docstring


@pytest.mark.parametrize("package", REQUIRED_PACKAGES)
def test_each_required_package_is_imported(package: str) -> None:
    assert [each.name for each in SOURCES if package in {name.split(".")[0] for name in each.imported()}]
