"""base64."""

from __future__ import annotations

import base64
import binascii

from allegiance.reading import check_length, reads_text
from allegiance.terminal.call import Call, Program

_LONGEST = 1_000_000
_WIDTH = 76


def _base64(call: Call) -> int:
    options = call.options("d,D,decode w,wrap= i,ignore-garbage")
    text = call.read(options.operands[0] if options.operands else "-").text
    if options.has("d"):
        try:
            call.print(_decoded(text))
        except binascii.Error:
            return call.error("invalid input")
        return 0
    encoded = base64.b64encode(text.encode()).decode()
    width = options.number("w", _WIDTH, "invalid wrap size") or len(encoded) or 1
    if options.get("w") == "0":
        call.print(encoded)
        return 0
    rows = [encoded[i : i + width] for i in range(0, len(encoded), width)]
    call.print("".join(f"{row}\n" for row in rows))
    return 0


@reads_text("QUJD", "=", "QUI=", "\n", "a", limit=_LONGEST)
def _decoded(text: str) -> str:
    """Return the text that base64 stands for.

    Raises:
        Error: If it is none.
        TooLong: If it is longer than ``_LONGEST``.
    """
    check_length(text, _LONGEST)
    data = text.replace("\n", "").encode("ascii", "replace")
    return base64.b64decode(data, validate=True).decode("utf-8", "replace")


PROGRAMS: dict[str, Program] = {"base64": _base64}
