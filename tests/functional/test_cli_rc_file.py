"""The default options in ~/.aurora-adminrc (docs/cli.md 1.6)."""

import pytest

LEADER = "Found leading scheduler at: http://127.0.0.1:1\n"
UNKNOWN = "FATAL] Unknown cluster: nowhere. Known clusters: west\n"


@pytest.fixture
def rc_file(tmp_path, clusters):
    clusters.write("west")
    return tmp_path / ".aurora-adminrc"


def test_options_of_the_file_come_before_those_of_the_command_line(admin, rc_file):
    rc_file.write_text("[get_scheduler]\noptions = -q\n")
    assert admin("get_scheduler", "nowhere").err == ""
    assert admin("get_scheduler", "nowhere", "-v").err.startswith(UNKNOWN)
    assert admin("-v", "get_scheduler", "nowhere").err.startswith(UNKNOWN)


@pytest.mark.parametrize(
    ("text", "is_quiet"),
    [
        ("[get_scheduler]\noptions=-q", True),
        ("[DEFAULT]\noptions=-q\n[get_scheduler]", True),
        ("[DEFAULT]\noptions=-q\n[get_scheduler]\noptions=", False),
        ("[DEFAULT]\noptions=-q", False),
        ("[DEFAULT]\noptions=-q\n[help]", False),
        ("[help]\noptions=-q", False),
        ("", False),
        ("# none\n; none\n[get_scheduler]\noptions: -q ; none", True),
        ("[get_scheduler]\nother=-q", False),
        ('[DEFAULT]\noptions=-q\n[get_scheduler]\noptions = ""', False),
        ("[get_scheduler]\noptions=--timeout=5 # -q", False),
        ("[get_scheduler]\noptions=-v\n  # a remark\n  -q", True),
        ("rem none\nREM\n[get_scheduler]\nrem options=-v\noptions=-q", True),
        ("[DEFAULT]\nlevel=-q\n[get_scheduler]\noptions=%(level)s", True),
        ("[get_scheduler]\nlevel=q\noptions=-%(level)s", True),
        ("[DEFAULT]\noptions=-%(letter)s\n[get_scheduler]\nletter=q", True),
    ],
)
def test_the_section_of_the_command_is_used(admin, rc_file, text, is_quiet):
    rc_file.write_text(text)
    assert admin("get_scheduler", "nowhere").err == ("" if is_quiet else UNKNOWN)


def test_the_default_section_is_used_without_a_command(admin, rc_file):
    rc_file.write_text("[DEFAULT]\noptions = --version\n")
    assert admin().out.startswith("aurora_admin ")
    assert admin("bogus").err.startswith("Must supply one of the following commands: ")


def test_options_are_split_as_by_a_shell(admin, rc_file):
    rc_file.write_text("[get_scheduler]\noptions = '--timeout=x  \"5'\n")
    assert 'not a number of seconds above 0: x  "5\n' in admin("get_scheduler", "west").err
    rc_file.write_text("[get_scheduler]\noptions = west\n  --timeout=5\n")
    assert admin("get_scheduler").out == LEADER


@pytest.mark.parametrize("section", ["get_scheduler", "DEFAULT"])
def test_a_percent_sign_is_written_twice(admin, rc_file, section):
    rc_file.write_text(f"[{section}]\noptions = --timeout=5%%\n[get_scheduler]\n")
    words = ["get_scheduler", "west"] if section == "get_scheduler" else []
    assert "not a number of seconds above 0: 5%\n" in admin(*words).err
    rc_file.write_text("[get_scheduler]\noptions = --timeout=5%\n")
    assert admin("get_scheduler", "west").err.startswith(f"FATAL] Cannot use {rc_file}: '%' must be followed by")


@pytest.mark.parametrize("text", ["[get_scheduler]\noptions = -q", "no section", "[get_scheduler]\noptions = '"])
def test_the_file_can_be_ignored(admin, rc_file, text):
    rc_file.write_text(text)
    assert admin("get_scheduler", "nowhere", "--app_ignore_rc_file").err == UNKNOWN


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("no section", "File contains no section headers."),
        ("[get_scheduler]\noptions = '", "No closing quotation."),
        ("[get_scheduler]\nnonsense", "Source contains parsing errors"),
        (None, "Is a directory."),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_of_one_line(admin, rc_file, text, cause):
    if text is None:
        rc_file.mkdir()
    else:
        rc_file.write_text(text)
    result = admin("get_scheduler", "west")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith(f"FATAL] Cannot use {rc_file}: {cause}")
    assert result.err.endswith(". Correct the file, or give --app_ignore_rc_file\n")
    assert admin("get_scheduler", "west", "-q").err == ""


@pytest.mark.parametrize(
    "line", ["--app_rc_filename", "get_scheduler west --app_rc_filename", "--app_rc scheduler_commit_recovery west"]
)
def test_the_name_of_the_file_is_printed_and_the_command_not_run(admin, rc_file, line):
    result = admin(*line.split())
    assert (result.code, result.out, result.err) == (0, f"RC filename: {rc_file}\n", "")
