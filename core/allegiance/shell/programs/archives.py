"""Commands that pack, compress, encode or encrypt files: each makes a copy in another form."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.reading import reads_text
from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.programs._transfer import named, send
from allegiance.shell.state import NOTHING, Stream, Word, joined
from allegiance.shell.targets import base, below, join, machine

_TAR = (
    "f file C directory X exclude-from T files-from b g N exclude I use-compress-program "
    "transform xform owner group mode strip-components to-command checkpoint-action"
)
_SUFFIX = {
    "gzip": ".gz", "pigz": ".gz", "bzip2": ".bz2", "pbzip2": ".bz2", "xz": ".xz", "lzma": ".lzma",
    "zstd": ".zst", "lz4": ".lz4", "lzip": ".lz", "compress": ".Z", "brotli": ".br",
}  # fmt: skip
_UNPACK = ("gunzip", "bunzip2", "unxz", "unzstd", "unlz4", "uncompress")


def _old_style(args: list[Word]) -> list[Word]:
    """Return the arguments of ``tar czf out dir`` as those of ``tar -c -z -f out dir``."""
    if not args or args[0].text.startswith("-") or not args[0].text.isalpha():
        return args
    words, rest = [], args[1:]
    for letter in args[0].text:
        words.append(Word(f"-{letter}"))
        if letter in "fCXTbgNI" and rest:
            words.append(rest.pop(0))
    return words + rest


def _tar(call: Call) -> Stream:
    args = _old_style(call.args)
    options = parse_options(args, _TAR)
    state, file = call.shell.state, options.get("f", "file") or Word("-")
    cwd = state.cwd
    archive = named(call, file) if file.text != "-" else ""
    for value in options.all("to-command", "checkpoint-action", "use-compress-program", "I"):
        call.shell.script(value.text.removeprefix("exec="))
    lists = ["**"] if options.has("T", "files-from") else []
    sources = [s for name in lists for s in (call.shell.tree(name),)]
    members = iter(args)
    operands = {id(w) for w in options.operands}
    for word in members:
        if word.text in ("-C", "--directory", "--cd"):
            folder = next(members, Word("."))
            state.cwd = call.shell.local(folder.text)
        elif word.text.startswith(("-C", "--directory=")):
            state.cwd = call.shell.local(
                word.text.removeprefix("-C").partition("=")[2] or word.text[2:]
            )
        elif id(word) in operands:
            sources += call.sources(word, deep=True)
    directory = call.shell.path(".")
    state.cwd = cwd
    if options.has("x", "extract", "get"):
        packed = call.stdin.sources if not archive else (archive,)
        if options.has("O", "to-stdout"):
            return Stream(sources=packed)
        _unpack(call, packed, options.operands, directory)
        send(call, packed, below(directory, "") if directory != "." else directory, whole=True)
        return NOTHING
    if not options.has("c", "create", "r", "append", "u", "update", "A"):
        return Stream()
    if not archive:
        return Stream(sources=tuple(sources))
    send(call, sources, archive, whole=True)
    if options.has("remove-files"):
        for source in sources:
            call.shell.emit("delete", source)
    return NOTHING


def _unpack(call: Call, packed: Sequence[str], members: Sequence[Word], directory: str) -> None:
    """Add the effects of taking members out of an archive; without names, note what is unknown."""
    for word in members:
        send(call, packed, join(directory if directory != "." else "", word.text), whole=True)
    if not members:
        call.shell.note(f"{call.name} with files that an archive names")


def _zip(call: Call) -> Stream:
    options = parse_options(call.args, "P x i n b password")
    words = list(options.operands)
    if call.name in ("7z", "7za", "rar", "ar"):
        order = words.pop(0).text if words else ""
        if order in ("x", "e"):
            into = next((w.text[2:] for w in call.args if w.text.startswith("-o")), "")
            target = below(call.shell.path(into), "") if into else "."
            packed = call.sources(words[0]) if words else ()
            send(call, packed, target, whole=True)
            _unpack(call, packed, words[1:], target.rstrip("/"))
            return NOTHING
        if order in ("l", "t"):
            return NOTHING
    if not words:
        return Stream(sources=call.stdin.sources)
    archive, *members = words
    sources = [s for w in members for s in call.sources(w, deep=True)]
    if options.has("@"):
        sources += [call.shell.path(n) for n in call.stdin.words()]
    if archive.text == "-":
        return Stream(sources=tuple(sources))
    send(call, sources, call.shell.path(archive.text), whole=True)
    if options.has("m", "move"):
        for source in sources:
            call.shell.emit("delete", source)
    return NOTHING


def _unzip(call: Call) -> Stream:
    options = parse_options(call.args, "d P x")
    if not options.operands or options.has("l", "t", "v", "Z"):
        return NOTHING
    source = call.sources(options.operands[0])
    if options.has("p", "c"):
        return Stream(sources=source)
    into = options.get("d")
    folder = call.shell.path(into.text) if into else "."
    _unpack(call, source, options.operands[1:], folder)
    send(call, source, below(call.shell.path(into.text), "") if into else ".", whole=True)
    return NOTHING


def _cpio(call: Call) -> Stream:
    options = parse_options(call.args, "F O I H D f")
    if options.has("i", "extract", "r") and not options.has("w"):
        source = options.get("F", "I", "f")
        packed = call.sources(source) if source else call.stdin.sources
        send(call, packed, ".", whole=True)
        _unpack(call, packed, options.operands, ".")
        return NOTHING
    sources = [call.shell.path(n) for n in call.stdin.words()]
    sources += [s for w in options.operands for s in call.sources(w, deep=True)]
    if options.has("r") and options.has("w") and options.operands:
        send(call, sources[:-1], named(call, options.operands[-1]), many=True)
    elif options.has("o", "create", "w"):
        target = options.get("F", "O", "f")
        if target is None:
            return Stream(sources=tuple(sources))
        send(call, sources, named(call, target), whole=True)
    elif options.has("p", "pass-through") and options.operands:
        send(call, sources, named(call, options.operands[-1]), many=True)
    return NOTHING


def _compress(call: Call) -> Stream:
    options = parse_options(call.args, "S suffix o output T threads D q Q w p b")
    name = call.name.removeprefix("z") if call.name in ("zcat", "zless") else call.name
    words = options.operands or [Word("-")]
    if options.has("c", "stdout", "to-stdout") or words[0].text == "-" or name.endswith("cat"):
        return Stream(sources=joined([call.content(w) for w in words]).sources)
    if options.has("t", "test", "l", "list"):
        return NOTHING
    undo = name in _UNPACK or options.has("d", "decompress", "uncompress")
    keep = options.has("k", "keep") or name in ("zstd", "lz4", "brotli", "unzstd", "unlz4")
    output = options.get("o", "output")
    for word in words:
        deep = options.has("r", "recursive")
        for source in call.sources(word, deep=deep):
            target = source + _SUFFIX.get(name, ".gz")
            if undo:
                target = source.rsplit(".", 1)[0] if "." in base(source) else source
            if output is not None:
                target = call.shell.path(output.text)
            elif name == "lz4" and len(words) == 2:
                target = call.shell.path(words[1].text)
            call.shell.emit("copy" if keep or deep else "move", target, source)
    return NOTHING


def _base64(call: Call) -> Stream:
    """Follow ``base64``; what it decodes may be run as a script."""
    options = parse_options(call.args, "w wrap i input o output n bytes")
    words = options.all("i", "input") or options.operands or [Word("-")]
    content = joined([call.content(w) for w in words])
    text = None
    if content.text is not None:
        text = _decoded(content.text) if options.has("d", "D", "decode") else None
    if output := options.get("o", "output"):
        call.shell.store(output.text, Stream(sources=content.sources))
        return NOTHING
    return Stream(text=text, sources=content.sources)


@reads_text("=", "A", "A===", "\n", "-", limit=None)
def _decoded(text: str) -> str | None:
    import base64
    import binascii

    try:
        return base64.b64decode(text, validate=False).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _openssl(call: Call) -> Stream:
    options = parse_options(
        call.args,
        "in out k K iv pass passin passout inkey kfile S md recip signer keyform connect host port",
        single=True,
    )
    task = call.args[0].text if call.args else ""
    source = options.get("in")
    content = call.content(source) if source is not None else call.stdin
    if task == "s_client" and (host := options.get("connect", "host")):
        send(call, content.sources, f"{machine(host.text)}:/", whole=True)
    if task in ("dgst", "rand", "genrsa", "version", "s_client", "x509", "req", "verify"):
        target = options.get("out")
        if target is not None:
            call.shell.store(target.text, Stream())
        return Stream()
    if target := options.get("out"):
        call.shell.store(target.text, Stream(sources=content.sources))
        return NOTHING
    return Stream(sources=content.sources)


def _gpg(call: Call) -> Stream:
    options = parse_options(
        call.args,
        "o output r recipient u local-user passphrase passphrase-file cipher-algo homedir i",
    )
    if options.has("verify", "list-keys", "import", "K", "k", "gen-key", "export", "recv-keys"):
        return NOTHING
    words = options.operands or [Word("-")]
    if options.has("b", "detach-sign", "detach-sig"):
        return NOTHING
    content = joined([call.content(w) for w in words])
    output = options.get("o", "output")
    if output is not None and output.text != "-":
        call.shell.store(output.text, Stream(sources=content.sources))
        return NOTHING
    if words[0].text == "-" or output is not None or call.name in ("age", "ccat"):
        return Stream(sources=content.sources)
    for source in content.sources:
        undo = options.has("d", "decrypt") and "." in base(source)
        call.shell.emit("copy", source.rsplit(".", 1)[0] if undo else f"{source}.gpg", source)
    return Stream(sources=content.sources) if options.has("d", "decrypt") else NOTHING


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("tar", "gtar", "bsdtar"), _tar),
    **dict.fromkeys(("zip", "7z", "7za", "rar"), _zip),
    **dict.fromkeys(("unzip",), _unzip),
    **dict.fromkeys(("cpio", "pax"), _cpio),
    **dict.fromkeys((*_SUFFIX, *_UNPACK, "zcat", "bzcat", "xzcat", "zstdcat"), _compress),
    "base64": _base64,
    "openssl": _openssl,
    **dict.fromkeys(("gpg", "gpg2", "age", "ccrypt"), _gpg),
}
