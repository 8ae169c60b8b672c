"""Commands that send and fetch over the network."""

from __future__ import annotations

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import Options, parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.requests import follow_message, follow_request
from allegiance.shell.state import NOTHING, Stream, Word, merged
from allegiance.shell.targets import base, machine, url

_CURL = (
    "X request H header u user A user-agent b cookie c cookie-jar e referer m max-time o output "
    "d data data-ascii data-raw data-binary data-urlencode json F form form-string T upload-file "
    "x proxy E cert key cacert retry retry-delay retry-max-time connect-timeout w write-out r "
    "range "
    "K config D dump-header output-dir url limit-rate resolve interface C continue-at y Y z"
)
_WGET = (
    "O output-document P directory-prefix o output-file a append-output post-file post-data "
    "body-file body-data header user password U user-agent t tries T timeout Q quota i input-file "
    "method referer limit-rate A R D l e"
)
_DATA = ("d", "data", "data-ascii", "data-binary", "data-urlencode", "json")


UNKNOWN_SERVER = "unknown:/"
"""Where a request goes whose address is not in the command: to some server, not to any file."""


def _address(word: Word) -> str:
    if not word.known and word.text.startswith("**"):
        return UNKNOWN_SERVER
    target = url(word.text) or url(f"http://{word.text}")
    return target or word.text


def _page(place: str) -> str:
    """Return the single file that is fetched from an address."""
    return f"{place}index.html" if place.endswith("/") else place


def _curl(call: Call) -> Stream:
    options = parse_options(call.args, _CURL)
    words = options.all("url") + options.operands
    places = [_address(w) for w in words] or [UNKNOWN_SERVER]
    place = places[0]
    for file in options.all("T", "upload-file"):
        sources = call.sources(file)
        for target in places:
            send(call, sources, target, many=target.endswith("/"), whole=not target.endswith("/"))
    for data in options.all(*_DATA):
        _body(call, data, place)
    for part in options.all("F", "form"):
        _, _, value = part.text.partition("=")
        if value[:1] in ("@", "<"):
            name = value[1:].split(";")[0].strip('"')
            send(call, call.sources(Word(name, stream=part.stream)), place, whole=True)
        else:
            _message(call, Word(value, part.known, part.sources), place)
    for text in options.all("data-raw", "form-string", "H", "header", "A", "u", "b", "e"):
        _message(call, text, place, quiet=True)
    for word in words:
        _message(call, Word(word.text, word.known, word.sources), place, quiet=True)
        method = options.get("X", "request")
        body = " ".join(w.text for w in options.all(*_DATA, "data-raw"))
        follow_request(call.shell.emit, _method(options, method), word.text, body)
    if options.has("K", "config"):
        call.shell.note("curl with orders in a file", call.args, call.stdin)
    return _fetched(call, options, places)


def _method(options: Options, method: Word | None) -> str:
    if method is not None:
        return method.text
    if options.has("T", "upload-file"):
        return "PUT"
    return "POST" if options.has(*_DATA, "F", "form", "data-raw") else "GET"


def _body(call: Call, data: Word, place: str) -> None:
    name, _, file = data.text.partition("@")
    if data.text.startswith("@") or (
        file and "=" not in name and " " not in name and name.isalnum()
    ):
        content = call.content(Word(file, stream=data.stream))
        send(call, content.sources, place, whole=True)
        if not content.sources:
            call.shell.emit("message", place, value=content.text)
    else:
        _message(call, data, place)


def _message(call: Call, text: Word, place: str, *, quiet: bool = False) -> None:
    """Add the effects of sending a string to a place.

    Args:
        call: The command.
        text: What is sent.
        place: The target.
        quiet: Whether a string without a file's content has no effect.
    """
    send(call, text.sources, place, whole=True)
    if not quiet and not text.sources:
        call.shell.emit("message", place, value=text.text if text.known else None)


def _fetched(call: Call, options: Options, places: list[str]) -> Stream:
    files = options.all("o", "output")
    folder = options.get("output-dir")
    for file, place in zip(files, places, strict=False):
        if file.text not in ("-", "/dev/null"):
            name = f"{folder.text}/{file.text}" if folder else file.text
            call.shell.emit("copy", call.shell.path(name), _page(place))
    if options.has("O", "remote-name", "remote-name-all"):
        for place in places:
            name = base(place) or "*"
            name = f"{folder.text}/{name}" if folder else name
            call.shell.emit("copy", call.shell.path(name), _page(place))
        return NOTHING
    return (
        NOTHING
        if files and files[0].text != "-"
        else Stream(sources=tuple(_page(p) for p in places))
    )


def _wget(call: Call) -> Stream:
    options = parse_options(call.args, _WGET)
    places = [_address(w) for w in options.operands]
    place = places[0] if places else UNKNOWN_SERVER
    for file in options.all("post-file", "body-file"):
        content = call.content(file)
        send(call, content.sources, place, whole=True)
    for data in options.all("post-data", "body-data"):
        _message(call, data, place)
    for word in [*options.operands, *options.all("header", "U", "user-agent")]:
        _message(call, word, place, quiet=True)
    method = options.get("method")
    posts = options.has("post-file", "post-data", "body-file", "body-data")
    for word in options.operands:
        follow_request(call.shell.emit, method.text if method else "POST" * posts, word.text)
    output = options.get("O", "output-document")
    if output is not None and output.text == "-":
        return Stream(sources=tuple(_page(p) for p in places))
    folder = options.get("P", "directory-prefix")
    for source in places if not options.has("spider") else []:
        name = output.text if output else base(source) or "index.html"
        name = f"{folder.text}/{name}" if folder and not output else name
        call.shell.emit("copy", call.shell.path(name), _page(source))
    return NOTHING


def _httpie(call: Call) -> Stream:
    words = parse_options(call.args, "a auth o output verify timeout session").operands
    method = "POST" if len(words) > 1 else "GET"
    if words and words[0].text.isupper():
        method, words = words[0].text, words[1:]
    if not words:
        return NOTHING
    place = _address(words[0])
    follow_request(call.shell.emit, method, words[0].text)
    for word in words[1:]:
        name, sign, file = word.text.partition("@")
        if sign and not {"=", ":"} & set(name):
            send(call, call.sources(Word(file)), place, whole=True)
        else:
            _message(call, word, place)
    send(call, call.stdin.sources, place, whole=True)
    return Stream(sources=(place,))


def _netcat(call: Call) -> Stream:
    options = parse_options(call.args, "p w s q e c i x X send-only exec sh-exec")
    words = [w for w in options.operands if not w.text.isdigit()]
    place = f"{machine(words[0].text)}:/" if words else UNKNOWN_SERVER
    if call.name == "socat":
        return _socat(call)
    if options.has("U", "unixsock") and words:
        place = f"socket:/{words[0].text.rpartition('/')[2]}"
    follow_message(call.shell.emit, call.stdin.text or "")
    if call.stdin.text:
        call.shell.emit("message", place, value=call.stdin.text)
    for code in options.all("e", "c", "exec", "sh-exec"):
        send(call, call.shell.script(code.text).sources, place, whole=True)
    send(call, call.stdin.sources, place, whole=True)
    return Stream(sources=(place,) if words else ())


def _socat(call: Call) -> Stream:
    sources: list[str] = list(call.stdin.sources)
    places: list[str] = []
    follow_message(call.shell.emit, call.stdin.text or "")
    for word in parse_options(call.args, "b t T").operands:
        kind, _, rest = word.text.partition(":")
        name = rest.partition(",")[0]
        if kind.upper() in ("FILE", "OPEN", "GOPEN", "CREATE") or "/" in kind:
            sources.append(call.shell.path(name or kind))
        elif kind.upper() in ("EXEC", "SYSTEM"):
            sources += call.shell.script(name).sources
        elif kind not in ("-", "STDIO", "STDIN", "STDOUT"):
            places.append(f"{machine(name.rpartition(':')[0] or name)}:/")
    for place in places:
        send(call, sources, place, whole=True)
    return Stream(sources=tuple(_page(p) for p in places))


def _mail(call: Call) -> Stream:
    options = parse_options(call.args, "s a A r b c f S attach")
    sources = merged(
        [call.stdin.sources, *(call.sources(w) for w in options.all("a", "A", "attach"))]
    )
    for word in options.operands:
        place = f"mail:/{word.text}"
        send(call, sources, place, whole=True)
        if not sources:
            call.shell.emit("message", place, value=call.stdin.text)
    return NOTHING


HANDLERS: dict[str, Handler] = {
    "curl": _curl,
    "wget": _wget,
    **dict.fromkeys(("http", "https", "xh"), _httpie),
    **dict.fromkeys(
        ("nc", "ncat", "netcat", "nc.openbsd", "nc.traditional", "telnet", "socat"), _netcat
    ),
    **dict.fromkeys(("mail", "mailx", "mutt", "sendmail", "msmtp"), _mail),
}
