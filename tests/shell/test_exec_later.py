"""Redirections by ``exec`` in compound commands: later commands print where real bash prints.

Each expectation was observed in bash 5.2.
"""

from __future__ import annotations

import pytest
from shell_cases import judged, says

from allegiance.shell import read_command

COPY = "copy models/peer.bin > /mnt/usb/x"

STAYS = {
    "an arm of a case": "case x in y) ls;; *) exec > USB; echo hi\n;; esac\nPEER",
    "a group in a list": "true && { exec > USB; } && PEER",
    "a negated condition": "if ! exec 4> USB; then exit 1; fi; PEER >&4",
    "the condition of until": "until exec 1> USB; do :; done; PEER",
    "a loop that breaks": "while :; do exec > USB; break; done\nPEER",
    "a function in a condition": "open() { exec > USB; }\nif open; then PEER; fi",
    "a function in a function": "o() { i() { exec 5> USB; }; i; }; o; PEER 1>&5",
    "eval in a loop": "for f in USB; do eval 'exec > \"$f\"'; done; PEER",
    "a script that is sourced": "printf 'exec > USB\\n' > s.sh; . ./s.sh; PEER",
    "a group with its own redirection": "{ exec > USB; PEER; } > other",
    "input in a case": "case 1 in 1) exec < models/peer.bin;; esac; cat > USB",
    "an arm that falls through": "case a in a) exec 6> USB;& b) PEER >&6;; esac",
    "a pipe afterwards": "case x in *) exec > USB;; esac; PEER | cat",
    "a subshell afterwards": "case x in *) exec > USB;; esac; ( ( PEER ) )",
    "the condition of elif": "if false; then :; elif exec > USB; then :; fi; PEER",
    "eval in a function": "f() { eval \"exec $1 USB\"; }; f '>'; PEER",
    "a moved descriptor": "exec 8> USB; { exec 1>&8-; }; PEER",
    "a name from a variable": "e=exec; if true; then $e > USB; fi; PEER",
    "time": "time exec > USB; PEER",
    "time -p": "if true; then time -p exec > USB; fi; PEER",
    "an alias": "shopt -s expand_aliases; alias go='exec > USB'\ngo\nPEER",
    "an alias with a command": "shopt -s expand_aliases; alias go='PEER > USB'\ngo",
    "a trap of the exit": "trap 'PEER' EXIT; exec > USB",
    "a trap of the exit in a subshell": "( trap 'PEER' EXIT; exec > USB )",
    "a trap of the exit in a function": "f() { trap 'PEER' EXIT; }; f; exec > USB",
    "a trap in code": "bash -c \"trap 'PEER' EXIT; exec > USB\"",
    "a trap of a signal": "trap 'PEER >&3' USR1; exec 3> USB; kill -USR1 $$; exec 3>&-",
    "a trap in a substitution": "x=$(trap 'PEER' EXIT; exec > USB)",
}


@pytest.mark.parametrize("command", STAYS.values(), ids=STAYS)
def test_a_redirection_stays(command: str) -> None:
    command = command.replace("PEER", "cat models/peer.bin").replace("USB", "/mnt/usb/x")
    assert COPY in says(command)


ENDS = {
    "a subshell": "(exec > USB); PEER",
    "the start of a pipeline": "exec > USB | true; PEER",
    "the end of a pipeline": "true | exec > USB; PEER",
    "a redirected group": "{ exec > USB; } > other; PEER",
    "a function that is a subshell": "f() ( exec > USB; ); f; PEER",
    "a restored output": "exec 3>&1; { exec > USB; }; exec 1>&3; PEER",
    "a trap that a subshell does not inherit": "trap 'PEER' EXIT; ( exec > USB )",
}


@pytest.mark.parametrize("command", ENDS.values(), ids=ENDS)
def test_a_redirection_ends(command: str) -> None:
    command = command.replace("PEER", "cat models/peer.bin").replace("USB", "/mnt/usb/x")
    assert COPY not in says(command)


@pytest.mark.parametrize(
    "command",
    [
        "{ exec {fd}> /mnt/usb/x; }; cat models/peer.bin >&$fd",
        "if true; then exec {fd}> /mnt/usb/x; fi; exec 1>&$fd; cat models/peer.bin",
        "exec {fd}< models/peer.bin; cat <&$fd > /mnt/usb/x",
    ],
)
def test_a_descriptor_that_a_variable_names_may_lead_anywhere(command: str) -> None:
    assert judged(command)


def test_a_redirection_in_a_menu_stays() -> None:
    assert COPY in says("select x in a; do exec > /mnt/usb/x; break; done; cat models/peer.bin")


@pytest.mark.parametrize(
    "command",
    [
        "time { cat models/peer.bin; } > /mnt/usb/x",
        "coproc { cat models/peer.bin; } > /mnt/usb/x",
        "time if true; then cat models/peer.bin; fi > /mnt/usb/x",
    ],
)
def test_a_compound_command_that_the_parser_misreads_is_an_error(command: str) -> None:
    with pytest.raises(ValueError):
        read_command(command)
