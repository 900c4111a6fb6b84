"""Let readers write the code of an exercise, and say in words what is wrong with it.

An exercise that begins with *Build* has two blocks of code, which name it::

    ```{starter} ex-definition-solve
    def temperature_for(z, confidence):
        \"\"\"Return the temperature at which the largest probability is `confidence`.\"\"\"
        ...
    ```

    ```{check} ex-definition-solve
    from softmax.exercises import Check

    with Check(temperature_for) as check:
        check([0.0, 1.0], 0.9, returns=0.455)
    ```

Neither is executed when the book is built. A page shows the starter, and the check in a fold. On a
site with Python for the browser (see runnable_cells.py) the starter is an editor with a button
*Check*. The notebook of the page has both as cells.

A check on the page does not run the chapter up to the exercise, which may train a model. It runs
the statements, outside of solutions, that define what the starter, the check and the solution use,
and leaves alone what the reader has run.
"""

from __future__ import annotations

import ast
import json
import symtable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import jupytext
import runnable_cells
from check_yourself import element, summary
from docutils import nodes
from notebooks import parts
from plain_markdown import find_directives
from sphinx.util.docutils import SphinxDirective

TITLE = "What is checked"
ALWAYS = "np, sm"  # names that an answer may use, whatever the solution does
DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
# Statements after which a name may still have, or depend on, the value that it had before.
CHANGES = (ast.AugAssign, ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)


@dataclass
class Exercise:
    """The code of an exercise.

    `needed` is what has to run before an answer, and `names` what an answer may use of it.
    """

    starter: str
    check: str = ""
    solution: str = ""
    needed: str = ""
    names: tuple[str, ...] = ()


class Generators(ast.NodeTransformer):
    """Writes comprehensions as generators.

    From Python 3.12 on, ``symtable`` takes the variables of a comprehension, which runs in place,
    for names of the statement.
    """

    def visit_ListComp(self, node):
        """Keep what a list, or a set, consists of."""
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_SetComp = visit_ListComp

    def visit_DictComp(self, node):
        """Write keys and values as pairs."""
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


class Statement:
    """A statement of a cell: its source, the names that it binds and those that it uses."""

    def __init__(self, node):
        self.source = ast.unparse(node)  # not its lines, which it may share
        self.is_function = isinstance(node, ast.FunctionDef)
        self.is_definition = isinstance(node, DEFINITIONS)
        top = symtable.symtable(ast.unparse(Generators().visit(ast.parse(self.source))), "", "exec")
        symbols = top.get_symbols()
        self.binds = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
        if not self.is_definition:
            self.binds |= set(changed_in_place(node))
        self.uses = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
        if isinstance(node, CHANGES):
            self.uses |= self.binds
        inner = top.get_children()
        while inner:
            table = inner.pop()
            self.uses |= {s.get_name() for s in table.get_symbols() if s.is_global()}
            inner += table.get_children()


def changed_in_place(node):
    """Yield the names of arrays whose entries a statement sets."""
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript | ast.Attribute) and isinstance(part.ctx, ast.Store):
            while isinstance(part, ast.Subscript | ast.Attribute):
                part = part.value
            if isinstance(part, ast.Name):
                yield part.id


def statements(source):
    """Return the statements of some code."""
    return [Statement(node) for node in ast.parse(source).body]


def needed_for(names, before):
    """Return those of the statements that define names, and what these need in turn, in order."""
    seen = set()  # the places of statements, and the ends of what they can use
    wanted = [(name, len(before)) for name in names]
    while wanted:
        name, end = wanted.pop()
        place = next((i for i in reversed(range(end)) if name in before[i].binds), None)
        if place is None:
            continue
        # A function looks its names up when it is called, other statements at once.
        end = end if before[place].is_function else place
        if (place, end) not in seen:
            seen.add((place, end))
            wanted += [(used, end) for used in before[place].uses]
    return [before[place] for place in sorted({place for place, _ in seen})]


def read_exercises(path):
    """Return the exercises of a chapter that have a starter, by their labels."""
    return exercises_of(Path(path).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)  # each check of a page asks for those of the same chapter
def exercises_of(text):
    """Return the exercises of a chapter's text."""
    if "{starter}" not in text:
        return {}
    cells = jupytext.reads(text, fmt="md:myst").cells
    found, known, before = {}, {}, []
    for solved, cell in parts(cells):
        if cell.cell_type != "code":
            for directive in find_directives(cell.source):
                if directive.name == "starter":
                    found[directive.argument] = Exercise(directive.body)
                    known[directive.argument] = before[:]
                elif directive.name == "check":
                    found[directive.argument].check = directive.body
        elif solved in found:
            found[solved].solution += f"{cell.source}\n\n\n"
        elif not solved and "remove-cell" not in cell.metadata.get("tags", []):
            before += statements(cell.source)
    for label, exercise in found.items():
        code = statements(f"{ALWAYS}\n{exercise.starter}\n{exercise.check}")
        code += [one for one in statements(exercise.solution) if one.is_definition]
        names = set().union(*(one.uses for one in code))
        names -= set().union(*(one.binds for one in code))
        needed = needed_for(names, known[label])
        exercise.needed = "\n".join(one.source for one in needed)
        exercise.names = tuple(sorted(names & set().union(*(one.binds for one in needed))))
    return found


class Starter(SphinxDirective):
    """The directive ``starter``: where a reader begins to write."""

    has_content = True
    required_arguments = 1

    def run(self):
        """Return the code, marked as one that can be written on."""
        code = python("\n".join(self.content))
        box = element("", code, tag="div", attributes={"class": "cell_input"})
        return [element("", box, tag="div", attributes={"class": "starter"})]


class CheckInWords(SphinxDirective):
    """The directive ``check``: the code that checks an answer, in a fold."""

    has_content = True
    required_arguments = 1

    def run(self):
        """Return the fold, which carries what has to run before."""
        path = self.env.doc2path(self.env.docname)
        exercise = read_exercises(path)[self.arguments[0]]
        use = nodes.paragraph("", "From this chapter, your code can use ")
        for left, name in enumerate(reversed(exercise.names)):
            use.insert(1, [nodes.literal("", name), nodes.Text((".", " and ", ", ")[min(left, 2)])])
        attributes = {"class": "what-is-checked", "data-needed": json.dumps(exercise.needed)}
        shown = [summary("", "", nodes.Text(TITLE)), use, python(exercise.check)]
        return [element("", *shown, tag="details", attributes=attributes)]


def python(source):
    """Return the node of some Python."""
    return nodes.literal_block(source, source, language="python")


def add_script(app, pagename, templatename, context, doctree):
    """Put the script on a page that has something to check."""
    is_site = app.builder.name == "html" and runnable_cells.is_there() and doctree is not None
    if is_site and any(node["attributes"].get("data-needed") for node in doctree.findall(element)):
        app.add_js_file("python/check.js", loading_method="defer")


def setup(app):
    """Register with Sphinx."""
    app.add_directive("starter", Starter)
    app.add_directive("check", CheckInWords)
    app.connect("html-page-context", add_script, priority=600)  # after the script of the cells
    return {"parallel_read_safe": True, "parallel_write_safe": True}
