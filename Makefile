# `make book` builds the site, `make test` runs every test. Both make what they need.
# The environment is .venv; PYTHON names the interpreter that creates it.

PYTHON ?= python3
VENV := .venv
FRAMEWORKS := .venv-frameworks
SCRIPTS := bin
ifeq ($(OS),Windows_NT)
SCRIPTS := Scripts
endif
BIN := $(VENV)/$(SCRIPTS)
FRAMEWORKS_BIN := $(FRAMEWORKS)/$(SCRIPTS)
SITE := _build/html
EPUB := _build/epub/softmax-from-first-principles.epub
PDF := _build/latex/softmax-from-first-principles.pdf

# What the PDF needs on Debian: with all they need, 121 MB to download, and 375 MB on disk.
TEX_PACKAGES := texlive-xetex latexmk texlive-fonts-recommended fonts-texgyre fonts-texgyre-math fonts-droid-fallback

COURSEWORK := _build/coursework

CHAPTERS := $(wildcard book/*.md)
BOOK_SOURCES := $(CHAPTERS) _config.yml _toc.yml $(wildcard book/*.bib book/_static/* book/_ext/*.py book/_ext/*.css book/_python/* tests/claims/*.yaml)
COURSEWORK_SOURCES := $(wildcard coursework/hw*/*.md coursework/hw*/*.py coursework/hw*/*/*.py coursework/release/*.py \
  coursework/files.py coursework/grader/model.py coursework/grader/marking/*.py)
PACKAGE := setup.py $(wildcard softmax/*.py softmax/live/*.py softmax/live/*/*.py softmax/live/*.mjs softmax/live/*/*.mjs softmax/*.mplstyle softmax/py.typed softmax/data/*/*)

# One core for each kernel: the tests run side by side, and pools of threads would fight.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

# Every kernel would otherwise compile the modules that it imports anew, which is most of its start.
unexport PYTHONDONTWRITEBYTECODE

# What a step that fails has written is not taken for its result: the EPUB is written in spite of warnings.
.DELETE_ON_ERROR:

# Two Sphinx processes in one folder would fight.
.NOTPARALLEL:

.PHONY: FORCE book epub pdf tex-packages strict links serve lab coursework soak data check check-prose test test-slow test-all frameworks references \
  lint bench runtime wheel mutants clean

book: $(SITE)/.built
	@echo "The book is at $(CURDIR)/$(SITE)/index.html"

# uv installs in a third of the time of pip. Where it fails, as behind a mirror that only pip is told
# of, pip tries: one of 2025 takes half the time of the one that comes with Python 3.11 or 3.12.
UV := 'uv>=0.8,<1'
NEW_PIP := 'pip>=25.1,<27'
PIP := python -m pip install --quiet --disable-pip-version-check --no-compile
install = { $(BIN)/$(PIP) $(UV) \
    && $(BIN)/uv pip install --quiet --no-cache --python $(BIN)/python $(NEW_PIP) $(1); } \
  || { $(BIN)/$(PIP) $(NEW_PIP) && $(BIN)/$(PIP) $(1); }

# The sign of a whole environment is written last: a half-made one is made anew.
# Kernels talk in plain text within this machine, and each would warn of that: they log errors only.
$(VENV)/.installed: requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) found. Install Python 3.11 or newer, or name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; sys.exit(0 if sys.version_info >= (3, 11) else "Python " + v + " is too old: the book needs Python 3.11 or newer. Name one: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) lacks the venv module. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@test -w . || { echo "No permission to write in $(CURDIR). Copy the book to a folder of your own."; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	{ $(call install,-r requirements.txt -e .); } \
	  || { echo "The installation failed (see above). Check the network and the free space, then run make again."; exit 1; }
	@mkdir -p $(VENV)/etc/ipython
	@echo '{"IPKernelApp": {"log_level": "ERROR"}}' > $(VENV)/etc/ipython/ipython_kernel_config.json
	@touch $@

# What only tests need is not for readers.
$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(call install,-r requirements.txt -r requirements-dev.txt)
	@touch $@

# After a change in the package or in what is installed, every chapter is executed anew.
_build/.package: $(PACKAGE) $(VENV)/.installed
	@$(BIN)/python -m tools.execution_key $@ $(PACKAGE)

# The students' notebooks by nbgrader, and with them the pages of the book that show them.
$(COURSEWORK)/.made: $(COURSEWORK_SOURCES) _config.yml _build/.package _build/.address
	$(BIN)/python -m coursework.release --pages book/coursework --solutions
	@touch $@

# Where the book is published, which the site and the EPUB say: written when it changes.
_build/.address: FORCE
	@mkdir -p _build
	@echo '$(BOOK_URL) $(BOOK_REPOSITORY)' | cmp -s - $@ || echo '$(BOOK_URL) $(BOOK_REPOSITORY)' > $@

$(SITE)/.built: $(BOOK_SOURCES) $(COURSEWORK)/.made _build/.package _build/.address $(wildcard .pyodide/files.json)
	$(BIN)/jupyter-book build . --quiet
	@touch $@

# What the reader gets, held to the last warning; from clean, since a warm build hides warnings.
# Outputs of chapters stay: what failed or warned is not among them.
strict: $(COURSEWORK)/.made _build/.address
	rm -rf $(SITE) _build/.doctrees
	$(BIN)/jupyter-book build . -W -n --keep-going --quiet
	@touch $(SITE)/.built
	@echo "The book is at $(CURDIR)/$(SITE)/index.html"

# The book as one file. A site that is built after it offers it.
epub: $(EPUB)
	@echo "The EPUB is $(CURDIR)/$(EPUB)"

$(EPUB): $(BOOK_SOURCES) $(COURSEWORK)/.made _build/.package _build/.address
	$(BIN)/jupyter-book build . --builder custom --custom-builder epub -W -n --keep-going --quiet
	@rm -f $(SITE)/.built

# The same on paper. Sphinx writes LaTeX, and XeLaTeX runs until all references are right.
pdf: $(PDF)
	@echo "The PDF is $(CURDIR)/$(PDF)"

$(PDF): $(BOOK_SOURCES) $(wildcard book/_latex/*) $(COURSEWORK)/.made _build/.package _build/.address
	@command -v latexmk >/dev/null && command -v xelatex >/dev/null || { echo "The PDF needs XeLaTeX and latexmk. On Debian or Ubuntu: apt-get install --no-install-recommends $(TEX_PACKAGES)"; exit 1; }
	$(BIN)/jupyter-book build . --builder latex -W -n --keep-going --quiet
	cd $(@D) && latexmk -g -pdfxe -silent -interaction=nonstopmode -halt-on-error $(basename $(@F)).tex
	@rm -f $(SITE)/.built

tex-packages:
	@echo $(TEX_PACKAGES)

# Asks every address in the book, and fails where one leads nowhere. It needs the network.
links: $(COURSEWORK)/.made _build/.package
	$(BIN)/jupyter-book build . --builder linkcheck --keep-going --quiet

# conf.py is what _config.yml means to Sphinx; sphinx-autobuild needs it, nothing else does.
# It leaves out where our own extensions are, so PYTHONPATH says it.
serve: book
	$(BIN)/jupyter-book config sphinx . >/dev/null
	PYTHONPATH=book/_ext $(BIN)/sphinx-autobuild . $(SITE) --watch softmax --open-browser \
	  --re-ignore '(/\.venv[a-z-]*|/_build|/\.git|/\.[a-z]*_cache|/conf\.py|__pycache__|\.ipynb_checkpoints)'

# nbgrader is used from the command line here. In JupyterLab it would put a menu and a panel of its
# own beside every chapter, and an error at the start about a course that there is not.
NBGRADER_EXTENSIONS := $(addprefix nbgrader.server_extensions.,\
  assignment_list course_list formgrader validate_assignment)

$(VENV)/.lab: $(VENV)/.installed
	@$(BIN)/jupyter labextension disable --level=sys_prefix @jupyter/nbgrader >/dev/null 2>&1
	@$(BIN)/jupyter server extension disable --sys-prefix $(NBGRADER_EXTENSIONS) >/dev/null 2>&1
	@touch $@

# The setting that opens a .md chapter as a notebook goes into .venv, not into your home.
lab: $(VENV)/.lab
	@$(BIN)/jupytext-config --settings-file $(VENV)/share/jupyter/lab/settings/overrides.json set-default-viewer markdown myst
	$(BIN)/jupyter lab book

# The notebooks to give out; `make coursework VARIANT="base=2"` makes a variant, beside the others.
ifdef VARIANT
coursework: $(VENV)/.installed
	$(BIN)/python -m coursework.release --solutions --variant "$(VARIANT)"
else
coursework: $(COURSEWORK)/.made
	@echo "The students' notebooks are in $(CURDIR)/$(COURSEWORK), those with solutions in $(COURSEWORK)-solutions."
endif

# The grader with a class of 1,000, one in ten of them hostile. Takes a while, needs bubblewrap.
soak: $(VENV)/.installed
	$(BIN)/python -m coursework.soak

# Says where the data sets are that do not come with the book, downloads them if it can, or says
# how to get them. With SOFTMAX_REQUIRE_DATA=1 a missing one is an error, here and in the tests.
data: $(VENV)/.installed
	$(BIN)/python book/_ext/needed_data.py

# The tests of a file stay in one process (loadfile): the cells of a notebook share a kernel. Three
# processes keep two cores busy, since a test in the browser often waits.
# `make test SEED=1` takes the files in a random order, which shows tests that depend on one another.
PYTEST = $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder \
  $(if $(SEED),--file-order-seed $(SEED))

# What a change can break, in less than a minute and without the site.
check: lint
	$(PYTEST) -m "not slow and not prose" --durations=0 --durations-min=5 tests/package tests/live

# The wording of the pages: typing errors, lengths, reading times, the glossary.
check-prose: $(COURSEWORK)/.made $(VENV)/.installed-dev
	$(BIN)/codespell
	$(PYTEST) -m prose tests/book

# nbval runs every notebook of tests/notebooks again and compares each output.
test: data book $(VENV)/.installed-dev
	$(PYTEST) --nbval -m "not slow and not prose"

# Attacks on the grader, every page in both themes at both widths and on paper, every live figure
# in a wide font, a broken copy of the book that the tests must notice, and the like.
test-slow: data epub book $(VENV)/.installed-dev
	$(PYTEST) -m slow

test-all: check-prose test test-slow

# The tabs of the page Frameworks, in an environment of their own: each framework that can be
# installed here is, one by one, and the end of the output says which were run.
$(FRAMEWORKS)/.installed: pyproject.toml requirements.txt requirements-dev.txt
	$(PYTHON) -m venv --clear $(FRAMEWORKS)
	$(FRAMEWORKS_BIN)/$(PIP) $(NEW_PIP)
	$(FRAMEWORKS_BIN)/$(PIP) -c requirements.txt -c requirements-dev.txt \
	  -e . scipy pytest pyyaml markdown-it-py mdit-py-plugins
	@touch $@

frameworks: $(FRAMEWORKS)/.installed
	$(FRAMEWORKS_BIN)/python -m tools.frameworks

references: $(VENV)/.installed-dev
	$(BIN)/python -m tools.references

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy softmax coursework/grader

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks.softmax_speed
	$(BIN)/python -m benchmarks.real_data
	$(BIN)/python -m benchmarks.mnist_training
	$(BIN)/python -m benchmarks.vocabulary_cost

# Python for the browser, so that the pages of the site can run their cells: Pyodide and its packages
# (53 MB), each file checked. The next `make book` puts it into the site.
runtime: $(VENV)/.installed
	$(BIN)/python -m tools.runtime
	@test $(SITE)/.built -nt .pyodide/files.json || rm -f $(SITE)/.built

# The package without its data (some 200 kB in place of 12 MB), for Python in the browser.
wheel: $(VENV)/.installed
	SOFTMAX_WITHOUT_DATA=1 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps \
	  --wheel-dir _build/wheel .
	@echo "The wheel is in $(CURDIR)/_build/wheel."

# An hour and more. mutmut is installed here only, since nothing else needs it.
mutants: $(VENV)/.installed-dev
	$(BIN)/$(PIP) 'mutmut>=3.8,<4'
	$(BIN)/mutmut run
	$(BIN)/mutmut results

clean:
	rm -rf _build book/coursework $(VENV) $(FRAMEWORKS) .pyodide *.egg-info .pytest_cache .ruff_cache .hypothesis mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
