"""Small faults in what a claim's check relies on, to see that the check can fail.

A check is worth something if it notices a fault. So each one is tried on mutants: a function of
the package or of the plain code that returns something else, other example data, another number
from which the check computes. Another number to compare with would show nothing.
"""

import ast
import inspect
import textwrap
from contextlib import ExitStack, contextmanager
from numbers import Number
from unittest.mock import patch

import numpy as np

import softmax as sm
from tests import claims
from tests.claims import named, training, vocabulary

MODULES = (vocabulary, training, named)
# What compares, and what reads or trains for long, is no suspect.
COMPARISONS = {
    "accepted_as_probabilities", "falling", "fits", "implies", "is_additive",
    "leaves_argument_alone", "near", "parameters_of", "passes_ratio_test", "passes_row_test",
    "quietly", "rounds", "runs",
}  # fmt: skip
EQUALITIES = {"near", "rounds", "np.array_equal"}
EXPECTED = "another expected number"
SLOW = {"mnist", "small_model", "printed_by", "digit_predictions"}
DATA = [value for value in claims.NAMESPACE.values() if isinstance(value, np.ndarray)]
KEPT = [value.copy() for value in DATA]


# What a faulty function returns in place of its result


def scaled(result):
    return result * 1.1 + 0.01


def negated(result):
    return -result


def backwards(result):
    return result[::-1] if np.ndim(result) else result + 1


def rows_backwards(result):
    return result[..., ::-1]


def longer(result):
    return np.concatenate([result, result])


def constant(result):
    return 0 * result + 0.5


def zero(result):
    return 0 * result


def infinite(result):
    return 0 * result + np.inf


ARRAY_FAULTS = (
    scaled, negated, backwards, rows_backwards, longer, constant, zero, infinite,
)  # fmt: skip


# What a faulty function does with its first argument


def bends(function, first, *args, **kwargs):
    """Call the function with another array, in which shifts and ratios are not kept."""
    if np.ndim(first):  # the square of a size could fill the memory
        first = np.sign(first) * np.square(first)
    return function(first, *args, **kwargs)


def overwrites(function, first, *args, **kwargs):
    result = function(first, *args, **kwargs)
    if np.size(first) < 5000:  # not the pictures
        first[...] = 0
    return result


def faulty(result, fault):
    """Return the result with a fault in it, or as it is where the fault does not apply."""
    if isinstance(result, (bool, np.bool_)):
        return not result
    if isinstance(result, (tuple, list)):
        kept = [faulty(part, fault) for part in result]
        return tuple(kept) if isinstance(result, tuple) else kept
    if isinstance(result, dict):
        return {key: faulty(value, fault) for key, value in result.items()}
    if isinstance(result, (Number, np.ndarray)):
        return fault(np.asarray(result))
    return result


def broken(function, fault):
    def mutant(*args, **kwargs):
        if fault in (bends, overwrites):
            return fault(function, *args, **kwargs)
        return faulty(function(*args, **kwargs), fault)

    return mutant


def forget():
    """Restore the data, and empty the caches of what a mutant may have computed."""
    for value, kept in zip(DATA, KEPT, strict=True):
        value[...] = kept
    for module in MODULES:
        for name, value in vars(module).items():
            if name not in SLOW and hasattr(value, "cache_clear"):
                value.cache_clear()


@contextmanager
def replaced(name, new):
    """Replace a name in all modules of the claims, or a function of the package (`sm.…`)."""
    old = lookup(name)
    with ExitStack() as stack:
        if name.startswith("sm."):
            stack.enter_context(patch.object(sm, name[3:], new))
        else:
            stack.enter_context(patch.dict(claims.NAMESPACE, {name: new}))
            for module in MODULES:
                if getattr(module, name, None) is old:
                    stack.enter_context(patch.object(module, name, new))
        stack.callback(forget)
        forget()
        yield


# The mutants of one check


def source_of(claim, key, suffix):
    if key in claim:
        return claim[key]
    return textwrap.dedent(inspect.getsource(claims.function_of(claim, suffix)))


def suspects(source):
    """Return the names that a check relies on: functions of the package, own words, data."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "sm":
                found.append(f"sm.{node.attr}")
        elif isinstance(node, ast.Name) and node.id in claims.NAMESPACE:
            found.append(node.id)
    words = {name for name in found if name not in COMPARISONS | SLOW}
    words = {name for name in words if not inspect.ismodule(claims.NAMESPACE.get(name))}

    def order(name):
        return not name.startswith("sm."), not is_function(lookup(name)), name

    return sorted(words, key=order)


def is_function(value):
    return inspect.isfunction(value) or hasattr(value, "cache_clear")


def lookup(name):
    return getattr(sm, name[3:]) if name.startswith("sm.") else claims.NAMESPACE[name]


def faults_of_names(source):
    """Yield (what, name, replacement) for each fault of a function or of data."""
    for name in suspects(source):
        value = lookup(name)
        if is_function(value):
            faults = (*ARRAY_FAULTS, bends)
            # Elsewhere this would make one call disturb the next, and hide that both are the same.
            faults += (overwrites,) if "leaves_argument_alone" in source else ()
            for fault in faults:
                yield f"{name} {fault.__name__}", name, broken(value, fault)
        elif isinstance(value, np.ndarray):
            for fault in ARRAY_FAULTS:
                yield f"{name} {fault.__name__}", name, fault(value)


def others(value):
    """Return what may be in place of a number or a text of a check."""
    if isinstance(value, str):
        return (value + "_",)
    return (value + 1, value * 1.02 + 0.01, -value, 0 * value)


def constants(node):
    """Return the numbers and texts in a part of a check."""
    parts = (part for part in ast.walk(node) if isinstance(part, ast.Constant))
    return [part for part in parts if type(part.value) in (int, float, str)]


def is_literal(node):
    """Whether a part of a check has numbers and texts in it and nothing else."""
    return not any(isinstance(part, (ast.Call, ast.Name)) for part in ast.walk(node))


def sides(node):
    """Return what a node of a check compares: first what is found, then what is expected."""
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.Call) and ast.unparse(node.func) in EQUALITIES:
        return [*node.args, *(keyword.value for keyword in node.keywords)]
    return []


def expected(tree):
    """Return the numbers and texts to which a check compares what it has computed."""
    found = []
    for node in ast.walk(tree):
        literal = [side for side in sides(node) if is_literal(side)]
        # Of literals alone, the first may be what is computed: 2 + 2 == 4.
        if literal and literal == sides(node) and isinstance(literal[0], ast.BinOp):
            literal = literal[1:]
        found += [constant for side in literal for constant in constants(side)]
    return found


def without_expected(source):
    """Return a check without the numbers and texts that it expects."""
    tree = ast.parse(source)
    for node in expected(tree):
        node.value = None
    return ast.unparse(tree)


def faults_of_inputs(source):
    """Yield (what, source) for each number and text from which a check computes."""
    tree = ast.parse(source)
    results = expected(tree)
    for node in constants(tree):
        if node in results:
            continue
        kept = node.value
        for other in others(kept):
            node.value = other
            yield f"{kept!r} → {other!r}", ast.unparse(tree)
        node.value = kept


def mutant_of_source(claim, key, suffix, source):
    """Return the outcome of a check with another source, or None where that is an error."""
    if key in claim:
        return outcome_or_none({**claim, key: source}, key, suffix)
    name = claims.function_of(claim, suffix).__name__
    names = dict(vars(named))
    try:
        exec(source, names)
        return bool(names[name]())
    except Exception:
        return None


def outcome_or_none(claim, key, suffix):
    """Return the outcome, or None where the mutant ends in an error."""
    try:
        with np.errstate(all="ignore"):
            return claims.outcome(claim, key, suffix)
    except Exception:
        return None


def noticed(claim, key="check", suffix=""):
    """Yield the mutants under which a check has another outcome than without a fault.

    `EXPECTED` stands for a change under `instead` that does not change what is computed.
    """
    usual = claims.outcome(claim, key, suffix)
    source = source_of(claim, key, suffix)
    if key == "check" and "instead" in claim:
        other = source.replace(*claim["instead"])
        if mutant_of_source(claim, key, suffix, other) is (not usual):
            same = without_expected(other) == without_expected(source)
            yield EXPECTED if same else "instead"
    for what, name, new in faults_of_names(source):
        with replaced(name, new):
            changed = outcome_or_none(claim, key, suffix)
        if changed is (not usual):
            yield what
    for what, changed in faults_of_inputs(source):
        if mutant_of_source(claim, key, suffix, changed) is (not usual):
            yield what
