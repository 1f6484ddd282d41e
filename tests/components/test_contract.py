"""A component declares; it does not work."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

COMPONENTS = Path(__file__).parents[2] / "components"
NAMES = sorted(p.parent.name for p in COMPONENTS.glob("*/component.py"))
STATEMENTS = 6
"""Docstring, imports, one call, and what becomes of its answer."""
every = pytest.mark.parametrize("name", NAMES)


def tree_of(name: str) -> ast.Module:
    return ast.parse((COMPONENTS / name / "component.py").read_text())


def function_of(name: str) -> ast.FunctionDef:
    (function,) = [n for n in tree_of(name).body if isinstance(n, ast.FunctionDef)]
    return function


def test_every_step_has_a_component():
    steps = Path(__file__).parents[2] / "src" / "efface" / "steps"
    names = {path.stem for path in steps.glob("*.py")} - {"__init__", "task", "show"}
    assert set(NAMES) == names | {"idle"}


@every
def test_the_folder_has_the_same_three_files(name):
    files = {path.name for path in (COMPONENTS / name).iterdir() if path.is_file()}
    assert files == {"__init__.py", "component.py", "README.md"}


@every
def test_the_function_is_named_after_the_folder(name):
    assert function_of(name).name == name


@every
def test_the_body_is_short(name):
    assert len(function_of(name).body) <= STATEMENTS


@every
def test_the_body_has_no_branch_and_no_loop(name):
    control = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.FunctionDef, ast.Lambda)
    inside = [n for s in function_of(name).body for n in ast.walk(s) if isinstance(n, control)]
    assert inside == []


@every
def test_the_module_has_imports_and_one_function_only(name):
    docstring, *rest = tree_of(name).body
    assert isinstance(docstring, ast.Expr)
    assert {type(node) for node in rest} == {ast.ImportFrom, ast.FunctionDef}


@every
def test_the_module_imports_nothing_that_the_runner_lacks(name):
    modules = {n.module for n in tree_of(name).body if isinstance(n, ast.ImportFrom)}
    assert modules <= {"kfp", "components.images", "typing"}


@every
def test_annotations_are_those_that_kfp_reads(name):
    source = (COMPONENTS / name / "component.py").read_text()
    assert "from __future__" not in source
    unions = [n for a in function_of(name).args.args for n in ast.walk(a.annotation)]
    assert not [n for n in unions if isinstance(n, ast.BinOp)]


@every
def test_every_parameter_is_explained_in_the_docstring_and_in_the_readme(name):
    function = function_of(name)
    docstring = ast.get_docstring(function)
    readme = (COMPONENTS / name / "README.md").read_text()
    for argument in function.args.args:
        assert f"    {argument.arg}: " in docstring
        assert f"| `{argument.arg}` |" in readme


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"idle"}))
def test_the_call_gives_the_step_exactly_what_it_takes(name):
    (call,) = [
        node
        for node in ast.walk(function_of(name))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "task.call"
    ]
    step = importlib.import_module(f"efface.steps.{name}")
    assert ast.unparse(call.args[0]) == f"{name}.run"
    given = {k.arg: None for k in call.keywords}
    assert inspect.signature(step.run).bind(**given).arguments == given


@every
def test_nothing_is_installed_at_run_time(name):
    component = getattr(importlib.import_module(f"components.{name}"), name)
    container = component.component_spec.implementation.container
    assert "pip install" not in " ".join(container.command)
