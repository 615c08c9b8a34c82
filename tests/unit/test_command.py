"""What is derived from the declaration of a command, and what is wrong with a declaration."""

import pytest

from aurora_admin.command import Command
from aurora_admin.errors import AdminError
from aurora_admin.parser import CommandParser
from aurora_admin.registry import fault_of


def declare(**fields: str) -> Command:
    settings = {"name": "count", "arguments": "cluster", "summary": "Count", "category": "tests", "effect": "read"}
    return Command(**{**settings, **fields})


def bound(command: Command, *words: str) -> dict[str, str | None]:
    parser = CommandParser(command)
    args = parser.parse(words)
    parser.bind_arguments(args)
    return {name: getattr(args, name) for name in command.argument_names}


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("", []),
        ("cluster backup_id", ["cluster", "backup_id"]),
        ("CLUSTER", ["cluster"]),
        ("[command]", ["command"]),
        ("cluster role cpu ram[MGT] disk[unit]", ["cluster", "role", "cpu", "ram", "disk"]),
        ("cluster [role [job]]", ["cluster", "role", "job"]),
    ],
)
def test_the_names_of_the_arguments_are_read_from_the_synopsis(arguments, names):
    command = declare(arguments=arguments)
    assert command.argument_names == names
    assert command.synopsis == f"count {arguments}".strip()
    assert fault_of(command) is None


def test_the_usage_is_the_first_line_of_the_synopsis():
    command = declare(options="\n    [--type=TYPE]\n   ")
    assert command.synopsis == "count\n    [--type=TYPE]\n    cluster"
    assert command.usage == "count"
    assert declare(options="[--sh]").usage == "count [--sh] cluster"


def test_arguments_are_bound_to_their_names():
    assert bound(declare(arguments="cluster backup_id"), "west", "-1") == {"cluster": "west", "backup_id": "-1"}


def test_an_optional_argument_that_is_left_out_is_none():
    command = declare(arguments="cluster [role [job]]")
    assert bound(command, "west", "www") == {"cluster": "west", "role": "www", "job": None}


@pytest.mark.parametrize("words", [[], ["a", "b", "c", "d"]])
def test_a_wrong_number_of_arguments_shows_the_usage(words):
    with pytest.raises(AdminError) as caught:
        bound(declare(arguments="cluster [role [job]]"), *words)
    assert caught.value.message == "usage: count cluster [role [job]]\n\nsee the help subcommand for more details."


def test_a_command_may_have_its_own_message_for_a_wrong_number_of_arguments():
    with pytest.raises(AdminError, match=r"^One at most\.$"):
        bound(declare(arguments="[command]", wrong_count="One at most."), "a", "b")


@pytest.mark.parametrize(
    "arguments", ["cluster cluster", "[role] cluster", "cluster-name", "[task ...]", "--all", "a,b"]
)
def test_arguments_that_cannot_be_bound_are_a_fault(arguments):
    assert fault_of(declare(arguments=arguments)) == f"the arguments of count cannot be used: {arguments!r}"


def test_an_argument_may_not_have_the_name_of_an_option():
    with pytest.raises(ValueError, match=r"^argument timeout: an option has that name$"):
        CommandParser(declare(arguments="timeout")).configure(pytest)


@pytest.mark.parametrize("field", ["name", "arguments", "summary", "category", "module", "options", "wrong_count"])
def test_a_field_that_is_not_text_is_a_fault(field):
    name = 5 if field == "name" else "count"
    assert fault_of(declare(**{field: 5})) == f"field {field} of {name!r} is not text"


@pytest.mark.parametrize("name", ["--count", "two words", "", "1st"])
def test_a_name_that_cannot_be_typed_as_a_command_is_a_fault(name):
    assert fault_of(declare(name=name)) == f"{name!r} cannot be typed as a command"


def test_an_unknown_effect_is_a_fault():
    assert fault_of(declare(effect="none")) == "the effect of count is not one of read, write, destroy"


def parsed(command: Command, *words: str):
    parser = CommandParser(command)
    parser.add_argument("--override_file")
    parser.add_new("--override_everything", action="store_true")
    return parser.parse(words)


def test_a_new_option_does_not_make_an_abbreviation_of_the_original_ambiguous():
    command = declare(tabular=True)
    assert parsed(command, "--o", "jobs").override_file == "jobs"
    assert parsed(command, "--o=jobs", "--out", "json", "west").output == "json"
    assert parsed(command, "--override_e", "--over=jobs").override_everything


def test_an_abbreviation_of_two_options_of_the_original_stays_ambiguous():
    with pytest.raises(AdminError, match=r"ambiguous option: --log_to_s=INFO could match --log_to_stderr, "):
        parsed(declare(), "--log_to_s=INFO")
