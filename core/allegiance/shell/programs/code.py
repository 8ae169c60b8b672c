"""Interpreters, build tools, and programs without a handler."""

from __future__ import annotations

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.state import NOTHING, Stream, Word, merged
from allegiance.shell.targets import below

_CODE = (
    "python python2 python3 pypy pypy3 ipython node deno bun php lua Rscript julia awk tclsh "
    "osascript make cmake ninja just npm npx yarn pnpm cargo go mvn gradle ansible "
    "ansible-playbook terraform uv poetry pipx tox nox pytest rake bundle java dotnet swift ruby "
    "groovy scala"
)
_QUIET_NAMES = (
    "pip pip3 conda mamba apt apt-get dnf yum brew apk dpkg rpm snap flatpak helm journalctl "
    "dmesg mkdir ping dig nslookup host traceroute ip ifconfig ss netstat iptables curlie "
    "nvidia-smi lscpu lspci lsusb who w last uptime vmstat iostat sar nmap ruff black mypy "
    "flake8 isort eslint prettier shellcheck pylint tail logger loginctl hostnamectl "
    "timedatectl sysctl modprobe ldconfig useradd usermod passwd groupadd adduser mkfifo "
    "mknod locale man info alias unalias bind stty tput export gunicorn uvicorn celery flask "
    "django-admin redis-cli psql mysql sqlite3 mongosh gcc g++ clang cc ld vault consul nomad "
    "packer trivy hadolint pre-commit coverage jupyter tensorboard accelerate torchrun "
    "deepspeed vllm ollama swapon fallocate sync udevadm getent nft ufw tc hyperfine tokei "
    "cloc lsmod"
)

_WRAPPED_NAMES = (
    "cp mv rm scp rsync dd tar ln install cat curl wget nc bash sh tee sed kill pkill systemctl "
    "ssh zip gzip base64 find docker kubectl truncate shred"
)
_UPLOADS_NAMES = (
    "upload put push send backup publish share archive add up create upload-file cp copy sync "
    "import log-artifact log-artifacts --upload --file --upload-file --put"
)
_KEEPERS_NAMES = (
    "restic borg duplicity mksquashfs genisoimage mkisofs rdiff-backup unison tarsnap zpaq arj lha "
    "ncftpput tftp smbclient websocat pastebinit dump xfsdump bsdcpio star kermit sz sx sb"
)

_QUIET = frozenset(_QUIET_NAMES.split())
_WRAPPED = frozenset(_WRAPPED_NAMES.split())
_UPLOADS = frozenset(_UPLOADS_NAMES.split())
_KEEPERS = frozenset(_KEEPERS_NAMES.split())


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
    call.shell.opaque[" ".join([call.name, *texts[:2]])[:60]] = None
    return _passed(call)


def _passed(call: Call) -> Stream:
    """Add the effect of passing a file's content to a program in its arguments."""
    sources = merged(w.sources for w in call.args)
    send(call, sources, f"program:/{call.name}", whole=True)
    return Stream(sources=merged([call.stdin.sources, sources]))


def _unknown(call: Call) -> Stream:
    shell, args = call.shell, call.args

    if "*" in call.name:
        shell.opaque["a program whose name is not in the command"] = None
        code = parse_options(args, "c").get("c")
        if code is not None:
            return shell.script(code.text, call.stdin)
        words = parse_options(args, "").operands
        for word in words[:-1]:
            send(call, call.sources(word, deep=True), shell.path(words[-1].text), deep=True)
    elif call.name in _QUIET:
        return Stream(sources=call.stdin.sources)
    elif call.name.endswith((".sh", ".py", ".pl", ".rb", ".js")):
        shell.opaque[call.name] = None
    elif call.name:
        shell.unknown[call.name] = None
        index = next((n for n, w in enumerate(args[:-1]) if w.text in _WRAPPED), None)
        if index is not None:
            return shell.run(args[index:], call.stdin)
        _uploaded(call)
    return _passed(call)


def _uploaded(call: Call) -> None:
    """Add the files that an unknown program uploads, publishes or backs up, by its arguments."""
    texts = [w.text for w in call.args]
    if call.name in _KEEPERS or set(texts) & _UPLOADS:
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
