"""Contract of every command: what is typed wrongly is one line and exit status 2, at once, and nothing is left."""

import re
from typing import get_args, get_origin

import pytest

from search.cli.commands import COMMANDS, command_of
from search.cli.exit_code import ExitCode
from search.cli.usage.refusals import option_names, typed_name
from search.config.section import inner_section
from search.config.sections.teacher import TeacherSection
from search.config.sweep import SweepConfig
from tests.typist import type_all


# What makes a request whole but for the mistake: what is asked for is looked at before files are.
WHOLE = {"policy": ("--target", "0.9"), "certify": ("--target", "0.9")}
GOOD = {"SWEEP.yaml | PRESET": "digits"}
# As large as a number of a sweep file may be at all: none may size memory, or work, so large.
HUGE = 10**12
OF_NAMES = re.compile(r"[a-z0-9-]+(\|[a-z0-9-]+)+")
INPUT_LISTS = re.compile(r"(NUMBER,|NAME=|KEY=|NUMBER \|)")


def requests_of(name):
    """Wrong requests of a command, each with what its line must say."""
    command = command_of(name)
    arguments = [one for one in command.params if one.param_type_name == "argument" and one.required]
    needed = [GOOD.get(one.metavar, "nothing") for one in arguments]
    for one in command.params:
        if one.param_type_name == "option" and one.required:
            needed += [typed_name(one), "nothing"]
    start = (name, *needed)
    yield (*start, "--nothing-such"), "has no option '--nothing-such'"
    if command.params[0].param_type_name == "argument":
        yield (name, "", *needed[1:]), f"{typed_name(command.params[0])} must not be empty but '' was given"
    if needed:
        yield (name,), f"exitsearch {name} needs "
    if not any(one.nargs == -1 for one in command.params):
        yield (*start, *(["nothing"] * 3), "odd"), "'odd' was given too"
    options = [one for one in command.params if one.param_type_name == "option" and typed_name(one) != "--help"]
    for one in options:
        yield from mistakes_of(one, start, option_names(command), WHOLE.get(name, ()))


def mistakes_of(option, start, names, whole):
    """Wrong uses of an option, each with what its line must say."""
    name = typed_name(option)
    yield (*start, f"{name}x"), f"did you mean '{name}'?"
    if option.is_flag:
        yield (*start, f"{name}=yes"), f"{name} takes no value but 'yes' was given"
        yield (*start, name, name), f"{name} may be given once but was given 2 times"
        return
    # A required option is there already.
    start = without(start, name)
    kept = without(whole, name)
    yield (*start, name), f"{name} needs a value but nothing follows it"
    yield (*start, *kept, name, ""), name
    other = next(one for one in names if one != name)
    yield (*start, *kept, name, other), f"{name} needs a value but the option {other} follows it"
    kind, choices = option.type_descriptor.annotation, option.type_descriptor.choices
    if not option.multiple and kind is not float and kind is not int and choices is None:
        yield (*start, *kept, name, "a", name, "b"), f"{name} may be given once but was given 2 times"
    if kind in (int, list[int]):
        yield (*start, *kept, name, str(HUGE)), f"{name} must be at "
    if kind in (int, float, list[int], list[float]):
        yield (*start, *kept, name, "text"), f"{name} must be a "
        yield (*start, *kept, name, "nan"), name
        for limit, beyond in ((option.min, -1), (option.max, 1)):
            if limit is not None:
                yield (*start, *kept, name, str(limit + beyond)), f"{name} must be at "
    elif choices is not None or OF_NAMES.fullmatch(option.metavar or ""):
        yield (*start, *kept, name, "nothing"), f"{name} must be "
    elif INPUT_LISTS.match(option.metavar or ""):
        yield (*start, *kept, name, "?"), name


def without(words, option):
    """Words without an option and its value."""
    at = words.index(option) if option in words else len(words)
    return (*words[:at], *words[at + 2 :])


def huge_numbers(section=SweepConfig, place="{}"):
    """Settings of a sweep file, each with a whole number that nobody can want."""
    for name, field in section.model_fields.items():
        inner = inner_section(field)
        if inner is field.annotation:
            yield from huge_numbers(inner, place.format(f"{name}.{{}}"))
        elif inner is TeacherSection:
            yield from huge_numbers(inner, "teachers=[{{name: other, network: resnet-18, {}}}]")
        elif takes_whole_numbers(field.annotation):
            value = f"[{HUGE}]" if get_origin(field.annotation) is list else HUGE
            yield place.format(f"{name}{'=' if place.count('=') == 0 else ': '}{value}")


def takes_whole_numbers(kind):
    return kind is int or any(takes_whole_numbers(one) for one in get_args(kind))


MISTAKES = {request: told for name in COMMANDS for request, told in requests_of(name)}
# What is not there is told before anything is imported to read it.
MISTAKES |= {
    ("export", "nothing", "--out", "new"): "nothing: a finished sweep has sweep.yaml, but there is none",
    (
        "export",
        "nothing",
        "--out",
        "new",
        "--model",
        "m",
        "--data",
        "digits",
    ): "a finished search has summary.json, but",
    ("run", "--set", "training.weights=x"): "training.weights must be a file but there is no file ",
    (
        "run",
        "--set",
        "teachers=[{name: far, model: x}]",
    ): "what teacher 'far' is read from must be a file but",
    ("derive", "nothing"): "nothing: a finished sweep has sweep.yaml, but there is none",
    ("routing", "nothing"): "nothing: a finished sweep has sweep.yaml, but there is none",
    ("watch", "nothing"): "nothing: a folder of a sweep must be watched but it has no sweep.yaml",
    ("report", "nothing", "--html"): "nothing: a finished search has summary.json, but there is none",
    ("predict", "nothing", "x"): "nothing: there is no such bundle",
    ("bench", "nothing"): "nothing: there is no such bundle",
    ("check", "nothing", "x"): "nothing: there is no such bundle",
    ("check", "nothing", "x", "--alpha", "2"): "alpha must lie strictly between 0 and 1 but is 2",
    ("check", "nothing", "x", "--average-run-length", "0"): "average_run_length must be above 1 and finite but is 0",
    ("teacher", "digits", "--out", "."): ". must be a new folder but exists",
    ("teacher", "digits", "--out", "new", "--weights", "x"): "--weights must be a file but there is no file x",
    ("soft-labels", "x", "digits", "--out", "."): "--out must be a file but . is a folder",
    ("soft-labels", "x", "digits", "--out", "./x"): "--out must be a file of its own but x is read",
    ("soft-labels", "x", "digits", "--out", "y"): "MODEL.safetensors must be a file but there is no file x",
    ("tabulate", "x:y", "--weights", "x", "--data", "digits", "--out", "new"): "--weights must be a file but there is",
    ("tabulate", "x:y", "--data", "nothing", "--out", "new"): "there is neither a folder nor data 'nothing'",
}
MISTAKES |= {
    ("--nothing",): "exitsearch has no option '--nothing'",
    ("--versoin",): "did you mean '--version'?",
    ("--",): "exitsearch",
    ("xyz",): "there is no command 'xyz'; commands are run, tabulate, ",
    ("",): "there is no command ''",
    **{("run", "digits", "--set", setting): f" but {HUGE} was given" for setting in huge_numbers()},
    **{(f"{name}e",): f"there is no command '{name}e'; did you mean '{name}'?" for name in COMMANDS},
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    found = type_all(MISTAKES, folder)
    assert list(folder.iterdir()) == []
    return dict(zip(MISTAKES, found, strict=True))


@pytest.mark.parametrize("request_", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_line_at_once(outcomes, request_):
    found = outcomes[request_]
    assert found.code == ExitCode.WRONG_INPUT, found
    assert found.out == ""
    assert found.err.startswith("error: ")
    assert len(found.err.splitlines()) == 1, found.err
    assert MISTAKES[request_] in found.err
    assert found.imported == []
