"""What is not in the command is named."""

from __future__ import annotations

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


def test_a_link_to_something_that_has_no_name_may_be_to_anything() -> None:
    assert says("echo t | ln - x") == ["copy ** > x", "copy ** > x/**"]
