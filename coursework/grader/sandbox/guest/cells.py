"""Which of a notebook's cells an answer needs, and what is Python in them.

This runs beside the student's code, inside the sandbox; it needs the standard library only.
`magics` has replaced what is not Python already, but for cells that it leaves alone.
"""

import ast
import re
import symtable
from dataclasses import dataclass

# Cell magics whose cell is Python; the cells of all others (%%bash, %%html) are not.
PYTHON_MAGICS = {"time", "timeit", "capture", "prun"}
_CELL_MAGIC = re.compile(r"\s*%%(\w+)[^\n]*\n?")
_TIMED = re.compile(r"^(\s*)%(?:time|timeit)\s+(?!-)(.+)$")
_MAGIC = re.compile(r"^\s*(?:%\w|!|\?)|^[^#'\"]*=\s*[!%]\s*\w|^[^#]*\?\s*$")
_INDENT = re.compile(r"(?:[ \t]*\n)*([ \t]*)")
# In a cell that is not Python, a definition may be anywhere in a line.
_DEFINES = re.compile(r"\b(?:def|class)\s+(\w+)|(?<![\w.])(\w+)\s*=(?!=)")
_MOST_MAGICS = 200
# Cells that name these bind what nobody can tell without running them.
_OPAQUE = {"exec", "globals"}
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SCOPES = (*_DEFINITIONS, ast.Lambda)
_NAMED = (*_DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)


@dataclass(frozen=True)
class Cell:
    """A code cell: its number, counted from one, its Python, the names it binds and reads.

    `always` is true where the cell binds names that cannot be told before it runs, and where it
    imports from __future__, which changes how all cells after it are read. `makes` are the
    names that it binds other than by an import; `changes`, those of what its methods may change.
    """

    number: int
    source: str
    binds: frozenset
    reads: frozenset
    always: bool = False
    makes: frozenset = frozenset()
    changes: frozenset = frozenset()


def read_cell(number, text):
    """Return a cell from its text: without magics and shell lines where Python needs that."""
    source, tree = _parse(text)
    if tree is None:  # it is run nevertheless, for the message
        names = {name for pair in _DEFINES.findall(source) for name in pair if name}
        return Cell(number, source, frozenset(names), frozenset())
    reads = _read_names(source, tree)
    binds = _bound_names(tree)
    always = "*" in binds or bool(_OPAQUE & reads) or _from_future(tree)
    makes, changes = binds - _imported_names(tree), _changed_names(tree)
    return Cell(number, source, *map(frozenset, (binds, reads)), always, makes, changes)


def choose(cells, wanted):
    """Return the cells that bind the names `wanted`, and those that these need, in order.

    A cell is needed where it binds a name that a needed cell reads, or changes what another cell
    has made: `eps.append(0)`, but not `np.set_printoptions()`, of what is imported only. So a
    cell that loops for ever, and that no answer needs, is never run.
    """
    chosen = {cell.number for cell in cells if cell.always}
    made = frozenset().union(*(cell.makes for cell in cells))
    names = set(wanted).union(*(cell.reads for cell in cells if cell.always))
    while True:
        found = [c for c in cells if (c.binds | c.changes & made) & names]
        new = [c for c in found if c.number not in chosen]
        if not new:
            return [cell for cell in cells if cell.number in chosen]
        chosen.update(cell.number for cell in new)
        names = names.union(*(cell.reads for cell in new))


def _parse(text):
    """Return the source of a cell as Python, and its tree: None where it is not Python."""
    tree = _tree(text)
    if tree is not None:
        return text, tree
    text = _dedented(text)
    magic = _CELL_MAGIC.match(text)
    if magic and magic[1] not in PYTHON_MAGICS:
        return "", ast.Module([], [])
    # Line numbers stay as they are, for messages.
    source = "\n" * magic[0].count("\n") + _dedented(text[magic.end() :]) if magic else text
    tree = _tree(source)
    if tree is None:
        source = _without_magics(source)
        tree = _tree(source)
    return source, tree


def _tree(source):
    try:
        return ast.parse(source)
    except _UNREADABLE:
        return None


def _dedented(text):
    """Return a cell without the indent of its first line, as Jupyter takes it."""
    indent = _INDENT.match(text)[1]
    return re.sub(f"^{indent}", "", text, flags=re.MULTILINE) if indent else text


def _without_magics(source):
    """Return a source without magics: only where Python stumbles, since a text may look alike."""
    lines = source.split("\n")
    for _ in lines[:_MOST_MAGICS]:
        try:
            ast.parse("\n".join(lines))
            break
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
        except _UNREADABLE:
            break
        if not 0 <= number < len(lines) or lines[number] == _without_magic(lines[number]):
            break
        lines[number] = _without_magic(lines[number])
    return "\n".join(lines)


def _without_magic(line):
    """Return a line, or what remains of it where it holds a magic or goes to the shell."""
    timed = _TIMED.match(line)
    if timed:
        return timed[1] + timed[2]
    if not _MAGIC.match(line):
        return line
    return line[: len(line) - len(line.lstrip())] + "pass"


def _read_names(source, tree):
    """Return the names that a cell reads, but for those that its functions keep to themselves.

    A parameter called `z` must not bring in a cell that happens to bind a `z`.
    """
    try:
        tables = [symtable.symtable(source, "cell", "exec")]
    except _UNREADABLE:  # a return at top level, for one: then all names
        return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        everywhere = table.get_type() == "module"
        names.update(
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (everywhere or symbol.is_global())
        )
    return names


def _bound_names(tree):
    """Return the names that a cell binds at top level; "*" for ``from x import *``.

    Changing a part of a thing (``cache["k"] = 1``) counts as binding it.
    """
    names = set(_imported_names(tree))
    for node in _top_level(tree):
        if isinstance(node, ast.Global):
            names.update(node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript):
            if not isinstance(node.ctx, ast.Load):
                names.update(_root(node))
        elif isinstance(node, _NAMED) and node.name:
            names.add(node.name)
    return names


def _imported_names(tree):
    """Return the names that imports at top level bind."""
    imports = [node for node in _top_level(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    aliases = [alias for node in imports for alias in node.names]
    return {(alias.asname or alias.name).split(".")[0] for alias in aliases}


def _changed_names(tree):
    """Return the names of what methods at top level may change.

    These are called for what they do (``eps.append(0)``), or decorate (``@f.register``).
    """
    calls = []
    for node in _top_level(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            calls.append(node.value.func)
        elif isinstance(node, _DEFINITIONS):
            calls += [getattr(call, "func", call) for call in node.decorator_list]
    return {name for call in calls if isinstance(call, ast.Attribute) for name in _root(call)}


def _top_level(tree):
    """Yield the nodes of a tree that run at top level, with the definitions, but not in them."""
    stack = list(tree.body)
    while stack:
        node = stack.pop()
        yield node
        stack.extend([] if isinstance(node, _SCOPES) else ast.iter_child_nodes(node))


def _from_future(tree):
    return any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body)


def _root(node):
    """Return the name, in a set, whose part an attribute or a subscript is."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
