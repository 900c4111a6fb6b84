"""Which of a notebook's cells an answer needs.

This runs beside the student's code, inside the sandbox; it needs the standard library only.
"""

import ast
import re
import symtable
from dataclasses import dataclass

_INDENT = re.compile(r"(?:[ \t]*\n)*([ \t]*)")
# In a cell that is not Python, a definition may be anywhere in a line.
_DEFINES = re.compile(r"\b(?:def|class)\s+(\w+)|(?<![\w.])(\w+)\s*=(?!=)")
# Cells that name these bind what nobody can tell without running them.
_OPAQUE = {"exec", "globals"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_PARTS = (ast.Attribute, ast.Subscript)


@dataclass(frozen=True)
class Cell:
    """A code cell: its number, counted from one, its Python, the names it binds and reads.

    `always` is true where the cell binds names that cannot be told before it runs, and where it
    imports from __future__, which holds for all cells after it. `makes` are the names that it
    binds other than by an import; `changes`, those of what its methods may change.
    """

    number: int
    source: str
    binds: set
    reads: set
    always: bool = False
    makes: frozenset = frozenset()
    changes: frozenset = frozenset()


def read_cell(number, text):
    """Return a cell from its text. Changing a part of a thing (``f["k"] = 1``) binds it, too."""
    indent = _INDENT.match(text)[1]  # of the first line, which Jupyter takes off all lines
    for source in (text, re.sub(f"^{indent}", "", text, flags=re.MULTILINE)):
        try:
            tree, table = ast.parse(source), symtable.symtable(source, "cell", "exec")
            break
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    else:  # it is run nevertheless, for the message
        names = {name for pair in _DEFINES.findall(source) for name in pair if name}
        return Cell(number, source, names, set())
    nodes = list(_top_level(tree))
    symbols = table.get_symbols()
    imported = {symbol.get_name() for symbol in symbols if symbol.is_imported()}
    # A walrus in a comprehension declares its name global here, and assigns it elsewhere.
    bound = [s for s in symbols if s.is_assigned() or s.is_declared_global()]
    binds = imported | {symbol.get_name() for symbol in bound}
    binds |= {_root(n) for n in nodes if isinstance(n, _PARTS) and not isinstance(n.ctx, ast.Load)}
    reads = _read_names(table)
    always = bool(_OPAQUE & reads) or any(
        isinstance(node, ast.ImportFrom)
        and (node.module == "__future__" or node.names[0].name == "*")
        for node in nodes
    )
    return Cell(number, source, binds, reads, always, binds - imported, _changed_names(nodes))


def choose(cells, wanted):
    """Return the cells that bind the names `wanted`, and those that these need, in order.

    A cell is needed where it binds a name that a needed cell reads, or changes what another cell
    has made: `eps.append(0)`, but not `np.set_printoptions()`, of what is imported only. So a
    cell that loops for ever, and that no answer needs, is never run.
    """
    chosen = {cell.number for cell in cells if cell.always}
    made = set().union(*(cell.makes for cell in cells))
    names = set(wanted).union(*(cell.reads for cell in cells if cell.always))
    while True:
        found = [c for c in cells if (c.binds | c.changes & made) & names]
        new = [c for c in found if c.number not in chosen]
        if not new:
            return [cell for cell in cells if cell.number in chosen]
        chosen.update(cell.number for cell in new)
        names = names.union(*(cell.reads for cell in new))


def _top_level(tree):
    """Yield the nodes of a tree that run at top level, with the definitions, but not in them."""
    stack = list(tree.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))


def _read_names(table):
    """Return the names that a cell reads, but for those that its functions keep to themselves.

    A parameter called `z` must not bring in a cell that happens to bind a `z`.
    """
    names, tables = set(), [table]
    for table in tables:
        tables += table.get_children()
        names.update(
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global())
        )
    return names


def _changed_names(nodes):
    """Return the names of what methods at top level may change.

    These are called for what they do (``eps.append(0)``), or decorate (``@f.register``).
    """
    calls = []
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            calls.append(node.value.func)
        elif isinstance(node, _DEFINITIONS):
            calls += [getattr(call, "func", call) for call in node.decorator_list]
    return {_root(call) for call in calls if isinstance(call, ast.Attribute)}


def _root(node):
    """Return the name whose part an attribute or a subscript is, or an empty text."""
    while isinstance(node, _PARTS):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
