"""What `import softmax` offers, and what it costs."""

import subprocess
import sys
import tomllib

import pytest

import softmax as sm
from tools.references import ROOT

# Any warning fails, but not that of a file which another test left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


def test_importing_the_package_costs_numpy_and_no_more():
    code = (
        "import sys, softmax; "
        "print(sorted({'scipy', 'sklearn', 'matplotlib', 'tqdm', 'softmax.classifier', "
        "'softmax.datasets', 'softmax.plotting'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("module", ["softmax.datasets", "softmax.live", "softmax.digits"])
def test_importing_a_module_does_not_bring_in_what_only_some_of_it_needs(module):
    code = (
        f"import sys, {module}; "
        "print(sorted({'scipy', 'sklearn', 'matplotlib', 'pandas', 'pooch', 'tqdm', "
        "'urllib.request', 'softmax.classifier'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_reading_a_notebook_does_not_start_with_grammars_of_addresses():
    code = "import sys, nbformat; print('lark' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n", "Bound the version of jsonschema, see requirements.txt."


@pytest.mark.filterwarnings("default")
def test_every_public_name_is_there():
    for name in sm.__all__:
        assert getattr(sm, name) is not None
    assert set(sm.__all__) <= set(dir(sm))
    assert sm.softmax is sm.functional.softmax
    assert sm.SoftmaxClassifier is sm.classifier.SoftmaxClassifier
    assert sm.load_mnist is sm.datasets.load_mnist


def test_all_files_tell_the_same_version():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert sm.__version__ == settings["project"]["version"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {sm.__version__}" in changes
    assert f"version: {sm.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'softmax' has no attribute 'sofmax'$"):
        sm.sofmax  # noqa: B018
