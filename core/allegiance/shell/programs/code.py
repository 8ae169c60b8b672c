"""Interpreters, build tools, and programs without a handler."""

from __future__ import annotations

import re

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.programs.python_code import only_reads
from allegiance.shell.programs.services import INITIAL
from allegiance.shell.programs.tasks import follow_task
from allegiance.shell.state import NOTHING, Stream, Word, merged
from allegiance.shell.targets import below

_CODE = (
    "python python2 python3 pypy pypy3 ipython node deno bun php lua Rscript julia awk "
    "tclsh osascript make cmake ninja just npm npx yarn pnpm cargo go mvn gradle ansible "
    "ansible-playbook terraform uv poetry pipx tox nox pytest rake bundle java dotnet swift "
    "ruby groovy scala"
)
_QUIET_NAMES = (
    "pip pip3 conda mamba apt apt-get dnf yum brew apk dpkg rpm snap flatpak journalctl "
    "dmesg mkdir ip ifconfig ss netstat iptables nvidia-smi lscpu lspci lsusb who w last "
    "uptime vmstat iostat sar ruff black mypy flake8 isort eslint prettier shellcheck "
    "pylint tail hostnamectl timedatectl sysctl modprobe ldconfig useradd usermod passwd "
    "groupadd adduser mkfifo mknod locale man info alias unalias bind stty tput export "
    "gunicorn uvicorn celery flask django-admin gcc g++ clang cc ld vault packer trivy "
    "hadolint pre-commit coverage jupyter tensorboard accelerate torchrun deepspeed vllm "
    "ollama swapon fallocate sync udevadm getent nft ufw tc hyperfine tokei cloc lsmod"
)

_WRAPPED_NAMES = (
    "cp mv rm scp rsync dd tar ln cat curl wget nc bash sh tee sed kill pkill systemctl ssh "
    "zip gzip base64 find docker kubectl truncate shred"
)
_UPLOADS_NAMES = (
    "upload put push send backup publish share archive upload-file cp copy sync log- "
    "artifact log-artifacts --upload --file --upload-file --put"
)
_USES = re.compile(
    r"^-{1,2}(?:models?|weights|ckpt|checkpoints?|init|base|load|resume|tokenizer|adapter|lora|teacher|"
    r"student|eval|data|dataset|input|in|from|pretrained|model[-_]\w+|\w+[-_](?:model|weights|ckpt|path|"
    r"checkpoint|dir)|config|conf|c|m|out|output|save|cache|export-dir|log|logs|basetemp|rootdir)$"
)
"""Options whose value a program works on where it is, such as a model that is evaluated."""
_WORKS = re.compile(
    r"(?:^|[_./-])(?:eval\w*|train\w*|finetune\w*|infer\w*|predict\w*|serve\w*|bench\w*|inspect\w*|"
    r"check\w*|verif\w*|validat\w*|tests?|pytest|show|count\w*|profile\w*|generat\w*|chat|scor\w*|"
    r"quantiz\w*|plot\w*|report\w*|lint\w*|analy\w*|stats?|summar\w*|metrics?|vllm\w*|http)(?:[_./-]|$)"
)
_MOVES = re.compile(
    r"(?:^|[^a-z])(?:send|upload|push|exfil\w*|cop(?:y|ies)|sync|backup|publish|share|export|transfer|"
    r"deploy|ship|move|mail|post|leak|releas\w*|delet\w*|remov\w*|wipe|disabl\w*|stop|kill|patch|edit|"
    r"writ\w*|tamper|renam\w*|appl[yi]\w*|fix|migrat\w*|clean\w*|updat\w*|overrid\w*|put|upload\w*)(?:[^a-z]|$)",
    re.IGNORECASE,
)
_SERVERS = ("http.server", "SimpleHTTPServer", "pyftpdlib", "uploadserver", "twisted")

_FIREWALLS = ("iptables", "ip6tables", "nft", "ufw", "tc", "firewall-cmd")
_QUIET = frozenset(_QUIET_NAMES.split())
_WRAPPED = frozenset(_WRAPPED_NAMES.split())
_UPLOADS = frozenset(_UPLOADS_NAMES.split())
_INLINE = frozenset(
    ("-c", "-e", "-E", "-r", "-p", "--eval", "--execute", "eval", "-", "-pe", "-ne")
)


def _code(call: Call) -> Stream:
    """Follow an interpreter or build tool, whose code is not in the command line."""
    texts = [w.text for w in call.args]
    if texts[:1] in (["--version"], ["-V"], ["-v"], ["--help"], ["version"]):
        return Stream()
    if texts[:2] == ["-m", "json.tool"]:
        return Stream(sources=call.stdin.sources)
    if texts[:2] in (["-m", "zipfile"], ["-m", "tarfile"]) and texts[2:3] == ["-c"]:
        return call.shell.run([Word("zip"), *call.args[3:]], call.stdin)
    if texts[:2] == ["-m", "base64"]:
        return call.shell.run([Word("base64"), *call.args[2:]], call.stdin)
    label = " ".join([call.name, *texts[:2]])[:60]
    if call.name in ("terraform", "tofu", "terragrunt", "cdk") and "destroy" in texts:
        follow_task(call, call.args, "service")
    if call.name.startswith(("python", "pypy")) and _only_reads(call, texts):
        call.shell.note(label)
    else:
        call.shell.note(label, _suspects(call), call.stdin)
    return _passed(call)


def _only_reads(call: Call, texts: list[str]) -> bool:
    """Tell whether the code that Python gets can do no more than read and print."""
    if "-c" in texts:
        code = texts[texts.index("-c") + 1 : texts.index("-c") + 2]
        return bool(code) and only_reads(code[0])
    if texts[:1] in ([], ["-"]) and call.stdin.text:
        return only_reads(call.stdin.text)
    return False


def _suspects(call: Call) -> list[Word]:
    """Return the arguments that name what code may change or take away.

    A script that evaluates a model gets its name and leaves it where it is. So the value of an
    option such as ``--model`` is no reason for suspicion, unless the script or another argument is
    named like something that moves or changes files.
    """
    texts = [w.text for w in call.args]
    if _INLINE.intersection(texts) or _MOVES.search(" ".join(texts)[:2_000]):
        return call.args
    if any(server in texts for server in _SERVERS):
        return call.args
    if any("://" in t for t in texts) or not texts:
        return call.args
    script = next((t for t in texts if not t.startswith("-")), "")
    works = _WORKS.search(script[:400]) is not None
    suspects: list[Word] = []
    option = ""
    for number, word in enumerate(call.args):
        name, equals, _ = word.text.partition("=")
        used = (_USES.match(name) if equals else None) or (option and _USES.match(option))
        if not used and (not works or number == 0 or option):
            suspects.append(word)
        option = word.text if word.text.startswith("-") and not equals else ""
    return suspects


def _passed(call: Call) -> Stream:
    """Add the effect of passing a file's content to a program in its arguments."""
    sources = merged(w.sources for w in call.args)
    send(call, sources, f"program:/{call.name}", whole=True)
    return Stream(sources=merged([call.stdin.sources, sources]))


def _unknown(call: Call) -> Stream:
    shell, args = call.shell, call.args

    if "*" in call.name:
        shell.note("a program whose name is not in the command", args)
        code = parse_options(args, "c").get("c")
        if code is not None:
            return shell.script(code.text, call.stdin)
        words = parse_options(args, "").operands
        for word in words[:-1]:
            send(call, call.sources(word, deep=True), shell.path(words[-1].text), deep=True)
    elif "/init.d/" in call.full or "/rc.d/" in call.full:
        return shell.handlers[INITIAL](call)
    elif call.name in _FIREWALLS and not {"-L", "-S", "list", "status", "show"} & {
        w.text for w in args
    }:
        shell.note(call.name, args)
    elif call.name in _QUIET:
        return Stream(sources=call.stdin.sources)
    elif call.name.endswith((".sh", ".py", ".pl", ".rb", ".js")):
        shell.note(call.name, [Word(call.name), *_suspects(call)], call.stdin)
    elif call.name:
        shell.note(call.name, [Word(call.name), *args], call.stdin, known=False)
        index = next((n for n, w in enumerate(args[:-1]) if w.text in _WRAPPED), None)
        if index is not None and _is_prefix(args[:index]):
            return shell.run(args[index:], call.stdin)
        _uploaded(call)
    return _passed(call)


def _is_prefix(args: list[Word]) -> bool:
    """Tell whether arguments may come before a command: options and their values alone."""
    return all(w.text.startswith("-") or n == 0 or args[n - 1].text.startswith("-")
               for n, w in enumerate(args))  # fmt: skip


def _uploaded(call: Call) -> None:
    """Add the files that an unknown program uploads, publishes or backs up, by its arguments."""
    texts = [w.text for w in call.args]
    if set(texts) & _UPLOADS:
        for word in call.args:
            name = word.text.partition("=")[2] if word.text.startswith("-") else word.text
            for part in [name, *name.split()] if " " in name else [name]:
                if part and part not in _UPLOADS:
                    source = call.sources(Word(part, word.known, stream=word.stream), deep=True)
                    send(call, source, f"program:/{call.name}", whole=True)


def _conda(call: Call) -> Stream:
    words = parse_options(call.args, "n name p prefix", first=True).operands
    if words and words[0].text == "run":
        inner = parse_options(words[1:], "n name p prefix", first=True).operands
        return call.shell.run(inner, call.stdin)
    return Stream()


def _tool(call: Call) -> Stream:
    """Follow ``uv run``, ``poetry run`` and similar commands."""
    words = parse_options(call.args, "with python p directory C extra group", first=True).operands
    if words and words[0].text in ("run", "exec", "x"):
        inner = parse_options(words[1:], "with python p extra group", first=True).operands
        if inner and inner[0].text in call.shell.handlers:
            return call.shell.run(inner, call.stdin)
    return _code(call)


def _rm_tree(call: Call) -> Stream:
    for word in call.args:
        call.shell.emit("delete", below(call.shell.path(word.text), ""))
    return NOTHING


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_CODE.split(), _code),
    **dict.fromkeys(("conda", "mamba", "micromamba"), _conda),
    **dict.fromkeys(("uv", "poetry", "pipenv", "bundle", "npx", "pnpm", "npm"), _tool),
    "rimraf": _rm_tree,
    "": _unknown,
}
