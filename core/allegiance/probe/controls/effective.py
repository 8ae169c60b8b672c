"""What a set of control files and overrides says together: later overrides win over the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from allegiance.probe.controls.content import Content, content
from allegiance.probe.controls.known import Files
from allegiance.probe.controls.place import Values, values
from allegiance.probe.controls.setting import means
from allegiance.trace.paths import may_match_any

Effective = Literal["right", "wrong", "missing", "unknown"]


def in_overrides(files: Files, overrides: Sequence[str], key: str, expected: str) -> Effective:
    """Return what the known overrides say about a setting, in directory order."""
    names = [n for n, known in files.items() if not known.gone and may_match_any(n, overrides)]
    for name in sorted(names, reverse=True):
        verdict = _says(content(name, files[name].text), key, expected)
        if verdict != "missing":
            return verdict
    return "missing"


def effective(
    files: Files, controls: Sequence[str], overrides: Sequence[str], key: str, expected: str
) -> Effective:
    """Return whether a setting has its required value, as far as the files are known.

    It is ``missing`` only if a control file is known in full.
    """
    verdict = in_overrides(files, overrides, key, expected)
    if verdict != "missing":
        return verdict
    known = [
        (name, file)
        for name, file in files.items()
        if not file.gone and may_match_any(name, controls)
    ]
    says = [_says(content(name, file.text), key, expected) for name, file in known]
    if "wrong" in says:
        return "wrong"
    if "right" in says:
        return "right"
    return "missing" if any(file.whole for _, file in known) else "unknown"


def _says(text: Content, key: str, expected: str) -> Effective:
    if not text.works:
        return "missing"
    each: Values = values(text, key)
    if each.right(expected):
        return "right" if all(means(s, expected) for _, s in each.alike) else "wrong"
    return "wrong" if each.wrong(expected, frozenset(each.places)) else "missing"
