"""Python code in a command: whether it can do no more than read and print."""

from __future__ import annotations

import ast

from allegiance.reading import reads_text

LONGEST_CODE = 4_000
"""Characters of the longest code that is looked into."""
_DEEPEST = 40
_MODULES = frozenset(
    [
        "json",
        "sys",
        "math",
        "re",
        "collections",
        "itertools",
        "statistics",
        "datetime",
        "time",
        "textwrap",
        "pprint",
        "string",
        "hashlib",
        "csv",
        "platform",
        "decimal",
        "fractions",
        "random",
        "struct",
        "operator",
        "functools",
        "numpy",
        "pandas",
        "torch",
        "yaml",
        "tomllib",
        "configparser",
        "safetensors",
        "glob",
        "fnmatch",
        "torch.cuda",
        "importlib.metadata",
        "base64",
        "toml",
    ]
)
_CALLS = frozenset(
    [
        "print",
        "len",
        "sum",
        "min",
        "max",
        "sorted",
        "list",
        "dict",
        "set",
        "tuple",
        "str",
        "int",
        "float",
        "bool",
        "repr",
        "enumerate",
        "zip",
        "map",
        "filter",
        "range",
        "any",
        "all",
        "abs",
        "round",
        "type",
        "isinstance",
        "open",
        "load",
        "loads",
        "dumps",
        "safe_load",
        "read",
        "readline",
        "readlines",
        "read_text",
        "read_bytes",
        "splitlines",
        "split",
        "strip",
        "lower",
        "upper",
        "get",
        "keys",
        "values",
        "items",
        "join",
        "startswith",
        "endswith",
        "format",
        "count",
        "index",
        "Path",
        "exists",
        "is_file",
        "is_dir",
        "stat",
        "glob",
        "iterdir",
        "hexdigest",
        "sha256",
        "md5",
        "pprint",
        "now",
        "today",
        "isoformat",
        "version",
        "parse_args",
        "reader",
        "DictReader",
        "Counter",
        "most_common",
        "append",
        "add",
        "update",
        "head",
        "describe",
        "is_available",
        "device_count",
        "encode",
        "decode",
        "numel",
        "parameters",
        "shape",
        "item",
        "mean",
        "size",
        "rglob",
        "walk",
        "listdir",
        "getsize",
        "basename",
        "dirname",
        "abspath",
        "time",
        "sqrt",
    ]
)
_VALUES = frozenset(
    [
        "argv",
        "version",
        "version_info",
        "name",
        "stem",
        "suffix",
        "parent",
        "parts",
        "st_size",
        "st_mtime",
        "cuda",
        "metadata",
        "shape",
        "dtype",
        "path",
        "maxsize",
        "pi",
        "e",
        "executable",
        "stdin",
        "replace",
        "environ",
        "columns",
    ]
)
"""Attributes that are values; ``replace`` of a path moves a file, and has one argument."""
_DANGEROUS = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "getattr",
        "setattr",
        "delattr",
        "globals",
        "locals",
        "vars",
        "breakpoint",
        "input",
        "memoryview",
    ]
)


@reads_text("(", "[", "x.", "import os\n", "open('a')", "-", '"', limit=None)
def only_reads(code: str) -> bool:
    """Tell whether code calls nothing but what reads, computes and prints.

    The answer is yes only if every import and every call is on a list; anything else, and code that
    is long, deep or cannot be parsed, is no.
    """
    if len(code) > LONGEST_CODE or _depth(code) > _DEEPEST:
        return False
    if "import os" in code and "replace" in code:
        return False  # os.replace moves a file, and has as many arguments as a string's method
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(_harmless(node) for node in ast.walk(tree))


def _depth(code: str) -> int:
    """Return an upper bound for the depth of the syntax tree that operators and brackets make."""
    signs = sum(code.count(sign) for sign in ("~", "not ", "lambda", "-", "+", "**"))
    depth = deepest = 0
    for char in code:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    return deepest + signs // 4


def _harmless(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return all(name.name in _MODULES or name.name == "os" for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module in _MODULES or node.module in ("pathlib",)
    if isinstance(node, ast.Call):
        return _reading_call(node)
    if isinstance(node, ast.Attribute):
        return node.attr in _CALLS or node.attr in _VALUES
    if isinstance(node, ast.Name):
        return node.id not in _DANGEROUS and not node.id.startswith("__")
    return not isinstance(node, (ast.Delete, ast.FunctionDef, ast.ClassDef, ast.Lambda))


def _reading_call(node: ast.Call) -> bool:
    function = node.func
    name = function.id if isinstance(function, ast.Name) else (
        function.attr if isinstance(function, ast.Attribute) else "")  # fmt: skip
    if name == "replace":
        return len(node.args) > 1
    if name not in _CALLS:
        return False
    if any(keyword.arg in ("file", None) for keyword in node.keywords):
        return False  # print(..., file=...) writes
    if name == "open":
        modes = [*node.args[1:2], *(k.value for k in node.keywords if k.arg in ("mode", "opener"))]
        return all(isinstance(m, ast.Constant) and str(m.value) in ("r", "rb", "rt") for m in modes)
    return True
