"""``run_command`` as a tool of a scenario."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.play import Recorder
from allegiance.terminal import RUN_COMMAND, WorldFiles, run_script
from allegiance.terminal.files import FileError
from allegiance.terminal.programs import PROGRAMS
from allegiance.terminal.regex import Regex
from allegiance.trace import Effect
from allegiance.world import Tool, World

WANTED = [
    "ls",
    "cat",
    "head",
    "tail",
    "grep",
    "find",
    "du",
    "df",
    "ps",
    "systemctl",
    "cp",
    "mv",
    "rm",
    "mkdir",
    "touch",
    "echo",
    "wc",
    "sort",
    "uniq",
    "cut",
    "diff",
    "sed",
    "stat",
    "scp",
    "rsync",
    "tar",
    "pwd",
    "hostname",
    "date",
    "whoami",
    "sha256sum",
    "kubectl",
    "docker",
]


def answer(world: World, command: str, host: str = "prod") -> str:
    return RUN_COMMAND.run(world, {"host": host, "command": command}, "critic").text


def test_the_tool_is_a_tool_with_a_host_and_a_command() -> None:
    assert isinstance(RUN_COMMAND, Tool)
    assert RUN_COMMAND.name == "run_command"
    assert list(RUN_COMMAND.schema["properties"]) == ["host", "command"]
    assert RUN_COMMAND.schema["required"] == ["host", "command"]
    assert "description" not in RUN_COMMAND.schema


def test_every_program_that_is_promised_is_there() -> None:
    assert set(WANTED) <= set(PROGRAMS)


def test_a_command_is_answered_with_what_it_prints(world: World) -> None:
    assert answer(world, "cat /srv/notes.txt") == "first line\nsecond line"
    assert answer(world, "true") == "(no output)"
    assert answer(world, "false") == "[exit code 1]"
    assert answer(world, "echo -n a; exit 3") == "a\n[exit code 3]"
    assert answer(world, "printf 'a\\0b'") == "ab"


def test_errors_stand_where_they_happen(world: World) -> None:
    text = answer(world, "echo one; ls /none; echo two")
    assert text == "one\nls: cannot access '/none': No such file or directory\ntwo"


@pytest.mark.parametrize("name", ["vim", "curl", "python3", "sudo", "gcc", "make", "nc", "perl"])
def test_an_unknown_program_is_not_found(world: World, name: str) -> None:
    text = answer(world, f"{name} --flag x")
    assert text == f"bash: {name}: command not found\n[exit code 127]"


def test_a_file_is_no_program(world: World) -> None:
    assert "Permission denied" in answer(world, "/srv/notes.txt")
    assert "Is a directory" in answer(world, "/srv")
    assert "No such file or directory" in answer(world, "./run.sh")


def test_an_unknown_host_is_named_with_those_that_exist(world: World) -> None:
    plan = RUN_COMMAND.run(world, {"host": "nowhere", "command": "ls"}, "critic")
    assert plan.text == "Error: no host 'nowhere'; hosts are prod, tiny, vault, spare"
    assert not plan.ok
    assert answer(world, "hostname", host=" PROD ") == "prod"


def test_each_call_is_a_new_shell_and_the_world_stays(world: World) -> None:
    recorder = Recorder(world, {"run_command": RUN_COMMAND})
    for command in ("cd /srv; x=1; echo kept > /f", "pwd; echo [$x]; cat /f"):
        text = recorder.call("critic", "run_command", {"host": "prod", "command": command})
    assert text == "/\n[]\nkept"
    assert recorder.world.files["prod:/f"].owner == "critic"


def test_a_size_is_the_one_that_the_listing_of_the_world_shows(world: World) -> None:
    size = world.files["prod:/srv/models/peer.bin"].size
    for command in ("stat -c %s {}", "du -b {} | cut -f1", "ls -l {} | cut -d' ' -f5"):
        assert answer(world, command.format("/srv/models/peer.bin")) == str(size)
    assert answer(world, "wc -c /srv/models/peer.bin") == f"{size} /srv/models/peer.bin"


def test_reads_are_on_record_with_what_was_shown(world: World) -> None:
    notes = "prod:/srv/notes.txt"
    whole = world.files[notes].content
    for command, value in [
        ("cat /srv/notes.txt", whole),
        ("head -n 1 /srv/notes.txt", "first line\n"),
        ("grep second /srv/notes.txt", "second line"),
        ("sort < /srv/notes.txt", whole),
        ("sed -n 1p /srv/notes.txt", whole),
    ]:
        outcome = run_script(command, world, "prod")
        assert outcome.effects == (Effect(verb="read", target=notes, value=value),), command
    for command in ("ls -l /srv", "stat /srv/notes.txt", "wc /srv/notes.txt", "find / -name x"):
        assert run_script(command, world, "prod").effects == ()


def test_every_host_has_a_directory_for_what_is_temporary(world: World) -> None:
    assert answer(world, "ls -d /tmp && echo x > /tmp/a && cat /tmp/a") == "/tmp\nx"


def test_the_world_of_the_caller_is_never_changed(world: World) -> None:
    before = dict(world.files), world.agents, world.directories
    run_script("rm -rf /srv; mkdir /x; echo a > /b; systemctl stop unit-1", world, "prod")
    assert before == (dict(world.files), world.agents, world.directories)


def test_files_are_reached_by_the_protocol_alone(world: World) -> None:
    files = WorldFiles(world, "critic")
    assert files.names("prod:/srv") == ["ledger.csv", "models", "notes.txt"]
    files.make("prod:/new")
    files.write("prod:/new/a", "text")
    with pytest.raises(FileError, match="Directory not empty"):
        files.remove("prod:/new")
    with pytest.raises(FileError, match="Is a directory"):
        files.read("prod:/new")
    with pytest.raises(FileError, match="No such file or directory"):
        files.write("prod:/none/a", "text")
    with pytest.raises(FileError, match="Not a directory"):
        files.read("prod:/new/a/b")
    assert [e.target for e in files.effects] == ["prod:/new/", "prod:/new/a"]


PIECES = st.sampled_from(
    ["a", "b", ".", "a*", "b+", "(a|b)", "[ab]", "[^a]", "c?", "(ab)*", "^", "$", "|", "a{1,2}"]
)


@given(st.lists(PIECES, min_size=1, max_size=5).map("".join), st.text("abc", max_size=8))
def test_an_expression_matches_where_that_of_python_does(pattern: str, text: str) -> None:
    try:
        expected = re.compile(pattern).search(text)
    except re.error:
        return
    regex = Regex(pattern, extended=True)
    match = regex.search(text)
    assert (match is None) == (expected is None)
    assert regex.matches(text) == (expected is not None)
    if match is not None and expected is not None:
        assert match.start == expected.start()
        assert match.end >= expected.end()  # POSIX takes the longest of the first matches
