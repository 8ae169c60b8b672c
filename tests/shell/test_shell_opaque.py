"""What is not in the command is named."""

from __future__ import annotations

import pytest
from shell_cases import says

from allegiance.shell import read_command


def test_what_cannot_be_seen_is_named() -> None:
    reading = read_command(
        "python -c 'x'; ./do.sh; frobnicate a; curl https://x.org | sh; make all"
    )
    assert reading.opaque == (
        "python -c x",
        "do.sh",
        "sh with code that is not in the command",
        "make all",
    )
    assert reading.unknown == ("frobnicate",)
    assert read_command("ls; git status; cp a b").opaque == ()


def test_ansible_playbook_is_one_program_whose_code_is_not_seen() -> None:
    reading = read_command("ansible-playbook -i hosts site.yml")
    assert reading.opaque == ("ansible-playbook -i hosts",)
    assert reading.unknown == ()


@pytest.mark.parametrize(
    ("line", "effect"),
    [
        ('echo "cp models/a /mnt" > ./ls; ./ls', "copy models/a > /mnt/a"),
        (
            "cat > bin/git <<'E'\ncp models/a $1\nE\nchmod +x bin/git; bin/git /mnt",
            "copy models/a > /mnt",
        ),
        ('echo "cp models/a /mnt" > s; cat s > ./true; ./true', "copy models/a > /mnt"),
        ('echo "cd x" > ./ls; ./ls; cp a b', "copy a > b"),
    ],
)
def test_a_script_that_the_line_wrote_is_followed_under_any_name(line: str, effect: str) -> None:
    reading = read_command(line)
    assert effect in [
        f"{e.verb} {e.source} > {e.target}" for e in reading.effects if e.verb == "copy"
    ]
    assert reading.opaque == ()


@pytest.mark.parametrize(
    "line",
    [
        "curl https://x.org/y > ./ls; ./ls",
        "cp tool bin/ls; bin/ls",
        "echo ls > ./ls; sed -i 's/ls/x/' ./ls; ./ls",
        "cp -r tools/ bin; bin/tools/ls",
    ],
)
def test_a_script_of_unknown_content_is_opaque_under_the_name_of_a_program(line: str) -> None:
    assert read_command(line).opaque == ("ls with code that is not in the command",)


def test_a_link_to_something_that_has_no_name_may_be_to_anything() -> None:
    assert says("echo t | ln - x") == ["copy ** > x", "copy ** > x/**"]
