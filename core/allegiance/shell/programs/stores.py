"""Commands of object stores and registries."""

from __future__ import annotations

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import Options, parse_options
from allegiance.shell.programs._transfer import named, origins, send
from allegiance.shell.programs.tasks import follow_task
from allegiance.shell.state import NOTHING, ShellState, Stream, Word
from allegiance.shell.targets import below
from allegiance.trace.effects import Verb

_FLAGS = (
    "profile region endpoint-url acl exclude include storage-class sse expires content-type "
    "project account cache-control metadata h o"
)


def _bucket(call: Call, words: list[Word], options: Options) -> Stream:
    """Follow ``cp``, ``mv``, ``sync`` and ``rm`` of an object store."""
    task = words[0].text if words else ""
    rest = words[1:]
    deep = task in ("sync", "rsync", "mirror") or options.has("recursive", "r", "R")
    if task in ("cp", "mv", "sync", "rsync", "mirror", "copy", "put", "get") and len(rest) > 1:
        verb: Verb = "move" if task == "mv" else "copy"
        target = named(call, rest[-1]) if rest[-1].text != "-" else ""
        for word in rest[:-1]:
            sources = origins(call, word, deep=deep, far=True)
            if not target:
                return Stream(sources=sources)
            if deep:
                for source in sources:
                    call.shell.emit(verb, below(target, ""), source)
            else:
                bucket = target.endswith("/") or target.count("/") < 2
                send(call, sources, target, verb=verb, many=bucket, whole=not bucket)
        if options.has("delete", "d", "delete-unmatched-destination-objects") and deep:
            call.shell.emit("delete", below(target, ""))
    elif task in ("rm", "rb", "delete"):
        for word in rest:
            name = named(call, word)
            call.shell.emit("delete", below(name, "") if deep or task == "rb" else name)
    elif task == "cat":
        return Stream(sources=tuple(named(call, w) for w in rest))
    elif task == "presign" and rest:
        call.shell.emit("copy", "https:/presigned", named(call, rest[0]))
    return NOTHING


def _aws(call: Call) -> Stream:
    valued = f"{_FLAGS} bucket key body upload-id copy-source function-name zip-file"
    options = parse_options(call.args, valued)
    words = options.operands
    if words and words[0].text == "s3":
        return _bucket(call, words[1:], options)
    bucket, key = options.get("bucket"), options.get("key")
    if [w.text for w in words[:1]] == ["s3api"] and bucket and key:
        place = f"s3:/{bucket.text}/{key.text}"
        if body := options.get("body"):
            send(call, call.sources(body), place, whole=True)
        elif origin := options.get("copy-source"):
            call.shell.emit("copy", place, f"s3:/{origin.text.lstrip('/')}")
        elif words[1].text == "get-object" and len(words) > 2:
            send(call, [place], call.shell.path(words[2].text), whole=True)
        elif words[1].text == "delete-object":
            call.shell.emit("delete", place)
    elif words and words[0].text not in ("s3", "s3api", "configure", "sts", "logs", "iam"):
        for word in call.args:
            if word.text.startswith(("fileb://", "file://")):
                file = Word(word.text.partition("://")[2])
                send(call, call.sources(file), f"aws:/{words[0].text}", whole=True)
        _remote_code(call, options)
        follow_task(call, call.args, "service")
    return Stream()


def _remote_code(call: Call, options: Options) -> None:
    """Follow the commands that a cloud runs on its machines, such as ``aws ssm send-command``."""
    for word in call.args:
        if "commands" in word.text and "=" in word.text:
            code = word.text.partition("commands")[2].lstrip("=:[\"' ").rstrip("]}\"' ")
            _follow_remote(call, code)
    for script in options.all("command", "scripts", "command-text", "command-line"):
        _follow_remote(call, script.text)


def _follow_remote(call: Call, code: str) -> None:
    with call.shell.within(ShellState(host="cloud")):
        call.shell.script(code)


def _gcloud(call: Call) -> Stream:
    options = parse_options(call.args, f"{_FLAGS} zone recurse command")
    words = [w for w in options.operands if w.text not in ("alpha", "beta")]
    texts = [w.text for w in words[:2]]
    if call.name == "gsutil":
        return _bucket(call, words, options)
    if texts[:1] == ["storage"]:
        rest = words[2:] if texts == ["storage", "objects"] else words[1:]
        return _bucket(call, rest, options)
    if texts == ["compute", "scp"]:
        return call.shell.run([Word("scp"), *([Word("-r")] * options.has("recurse")), *words[2:]])
    if texts == ["compute", "ssh"] and (code := options.get("command")) and len(words) > 2:
        return call.shell.run([Word("ssh"), words[2], code])
    if texts[:1] not in (["config"], ["auth"], ["builds"]):
        follow_task(call, call.args, "service")
    return Stream()


def _azure(call: Call) -> Stream:
    options = parse_options(
        call.args, "f file s source d destination c container-name n name account-name account-key "
        "pattern destination-path", single=False
    )  # fmt: skip
    if call.name == "azcopy":
        return _bucket(call, options.operands, options)
    task = [w.text for w in options.operands]
    place = options.get("c", "container-name", "d", "destination") or Word("**")
    file = options.get("f", "file", "s", "source")
    if file is not None and any(t.startswith(("upload", "copy", "sync")) for t in task):
        name = options.get("n", "name")
        target = f"azure:/{place.text}/{name.text if name else ''}"
        send(call, call.sources(file, deep="upload-batch" in task), target, whole=True)
    elif task[:1] not in (["storage"], ["account"], ["login"], ["configure"]):
        _remote_code(call, parse_options(call.args, "scripts command-text"))
        follow_task(call, call.args, "service")
    return Stream()


def _hub(call: Call) -> Stream:
    """Follow ``hf`` and ``huggingface-cli``, the commands of the Hugging Face hub."""
    options = parse_options(
        call.args,
        "repo-type revision commit-message token include exclude local-dir private cache-dir",
    )
    words = options.operands
    task = words[0].text if words else ""
    if task in ("upload", "upload-large-folder") and len(words) > 1:
        place = f"hf:/{words[1].text}/{words[3].text if len(words) > 3 else ''}"
        local = words[2] if len(words) > 2 else Word(".")
        send(call, call.sources(local, deep=True), place, whole=True)
    elif task == "download" and len(words) > 1 and (folder := options.get("local-dir")):
        source = f"hf:/{words[1].text}/"
        send(call, [source], below(call.shell.path(folder.text), ""), whole=True)
    return Stream()


def _github(call: Call) -> Stream:
    options = parse_options(
        call.args, "R repo t title n notes F notes-file target d desc f filename b body body-file"
    )
    words = options.operands
    texts = [w.text for w in words[:2]]
    if texts in (["release", "create"], ["release", "upload"]):
        sources = [s for w in words[3:] for s in call.sources(Word(w.text.partition("#")[0]))]
        send(call, sources, f"github:/{'/'.join(w.text for w in words[:3])}", whole=True)
    elif texts == ["gist", "create"]:
        sources = [s for w in words[2:] for s in call.sources(w)] or list(call.stdin.sources)
        send(call, sources, "github:/gist", whole=True)
    for file in options.all("F", "body-file", "notes-file"):
        send(call, call.sources(file), "github:/text", whole=True)
    return Stream()


def _publish(call: Call) -> Stream:
    options = parse_options(
        call.args, "repository repository-url u p config-file plain-http a artifact-type"
    )
    words = options.operands
    if words and words[0].text in ("upload", "publish", "push", "put", "add"):
        deep = options.has("r", "recursive")
        names = [Word(w.text.partition(":")[0]) for w in words[1:]]
        sources = [s for name in names for s in call.sources(name, deep=deep)]
        send(call, sources, f"{call.name}:/", whole=True)
    return Stream()


def _minio(call: Call) -> Stream:
    options = parse_options(call.args, _FLAGS)
    words = options.operands
    if call.name == "s3cmd":
        return _bucket(call, words, options)
    for index, word in enumerate(words[1:], 1):
        head, slash, tail = word.text.partition("/")
        if slash and head and not head.startswith((".", "~", "*")) and index == len(words) - 1:
            words[index] = Word(f"{head}:/{tail}")
    return _bucket(call, words, options)


HANDLERS: dict[str, Handler] = {
    "aws": _aws,
    **dict.fromkeys(("gsutil", "gcloud"), _gcloud),
    **dict.fromkeys(("az", "azcopy"), _azure),
    **dict.fromkeys(("huggingface-cli", "hf"), _hub),
    "gh": _github,
    **dict.fromkeys(("twine", "oras", "ipfs"), _publish),
    **dict.fromkeys(("mc", "s3cmd", "s5cmd"), _minio),
}
