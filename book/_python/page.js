// Run, edit and restore the code cells of a page, and try exercises. Python is loaded by the first Run, into a
// worker, and has one namespace for the page. Without this script, and until then, the page is what it always was.
(() => {
  const { src, dataset: { version } } = document.currentScript;
  const workerAddress = new URL(`worker.mjs?v=${version}`, src);
  const SAYS = {
    network: (file) => `${file} could not be loaded. Check your connection, then run the cell again.`,
    missing: (file) => `This site lacks ${file}, which the cell needs. The page's notebook can be downloaded and run elsewhere.`,
    damaged: (file) => `${file} arrived incomplete or altered, so it was not used. Reload the page, then run the cell again.`,
    memory: () => "There is too little memory for Python in this tab. Close other tabs, then run the cell again.",
    old: () => "This browser is too old to run Python on a page. The page's notebook can be downloaded and run elsewhere.",
    blocked: () => "The browser did not let Python start. An extension or a rule of the network may block it; another browser may not.",
    file: () => "A page that was opened as a file cannot start Python. Serve the folder of the book, for example with: python -m http.server",
    other: (file, text) => `Python stopped unexpectedly. Run the cell again. (${text})`,
  };
  // What a cell's code gets while it can be edited.
  const EDITABLE = { contenteditable: "true", role: "textbox", "aria-multiline": "true", spellcheck: "false", autocapitalize: "off" };
  const ATTEMPT = "Try it in Python";
  const MOST = 100_000; // characters that a cell shows: a page with all that an endless loop prints would hang
  const megabytes = (bytes) => Math.round(bytes / 1e6);

  const all = []; // all that have a button, the exercises (check.js) included
  const workers = {}; // the page's, and that of the checks (check.js): none can harm, or has to wait for, the other
  let asked = null; // the cell whose Run was pressed, as long as it is at work
  let queue = [];
  let failed = false; // a cell that had to run before it
  let firstChanged = Infinity; // the first cell whose text was changed since Run was pressed

  function element(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  // A new line that was typed or pasted may be an element. This changes `node`, a copy.
  function plainText(node) {
    for (const br of node.querySelectorAll("br")) br.replaceWith("\n");
    return node.textContent;
  }

  // Scripts that come by innerHTML do not run; new ones do.
  function fromHTML(html) {
    const node = element("div", { className: "output text_html", innerHTML: html });
    for (const old of node.querySelectorAll("script")) {
      old.replaceWith(element("script", { type: old.type, textContent: old.textContent }));
    }
    return node;
  }

  class Cell {
    constructor(node, id) {
      all.push(this);
      this.node = node;
      this.id = id;
      this.place = "page";
      this.code = node.querySelector(".cell_input pre");
      this.html = this.code.innerHTML;
      this.source = this.text;
      this.ran = false; // in the present namespace, with its present text
      this.fresh = null; // the outputs of a run, while they are shown in place of the book's
      this.output = node.querySelector(".cell_output") ?? node.appendChild(element("div", { className: "cell_output docutils container" }));
      this.bookOutputs = [...this.output.children];
      this.verb = "Run";
      this.button = element("button", { type: "button", textContent: this.verb, title: "Run this cell, and those above it that have not run (Shift+Enter)" });
      this.editButton = element("button", { type: "button", textContent: "Edit", title: "Change the code. Escape leaves it.", tabIndex: -1 });
      this.resetButton = element("button", { type: "button", textContent: "Reset", title: `Restore this cell${this.isApart ? "" : ", and clear what all cells have defined"}`, tabIndex: -1, hidden: true });
      this.bar = element("div", { className: "python-bar" }, this.button, this.editButton, this.resetButton);
      this.bar.setAttribute("role", "toolbar");
      this.bar.setAttribute("aria-label", `Python, cell ${id + 1}`);
      this.status = element("p", { className: "python-status" });
      this.status.setAttribute("role", "status");
      this.code.parentElement.append(this.bar);
      this.offerShorter(node.querySelector(".python-reason"));
      node.querySelector(".cell_input").append(this.status);
      this.fold = node.querySelector(":scope > .sd-dropdown"); // of the coursework: it runs while it is closed
      this.fold?.after(this.bar, this.status);
      this.button.onclick = ({ detail }) => (asked !== this ? run(this) : detail < 2 && stop()); // a double click is one
      this.editButton.onclick = () => this.edit();
      this.resetButton.onclick = () => this.reset();
      this.code.ondblclick = () => this.code.isContentEditable || this.edit();
      this.code.oninput = () => this.changed();
      this.code.onkeydown = (event) => this.key(event);
      this.bar.onkeydown = (event) => this.move(event);
    }

    get text() {
      return plainText(this.code.cloneNode(true)).trimEnd();
    }

    // Whether no other cell needs it.
    get isApart() {
      return this.node.matches(".apart, .starter");
    }

    get isEdited() {
      return this.text !== this.source;
    }

    // What is between backticks is code.
    say(text, isProblem = false) {
      if (this.said !== text) { // each change may be read aloud
        this.status.replaceChildren(...text.split(/`([^`]+)`/).map((part, i) => (i % 2 ? element("code", { textContent: part }) : part)));
      }
      this.said = text;
      this.status.classList.toggle("problem", isProblem);
    }

    // Where a cell takes long in a browser, the page says so and has a piece of code to put in place of another.
    offerShorter(reason) {
      const [long, short] = JSON.parse(reason?.dataset.shorter ?? "[]");
      if (!short) return;
      const button = element("button", { type: "button", textContent: `Use ${short}` });
      button.onclick = () => {
        this.code.textContent = this.text.replaceAll(long, short);
        this.changed();
      };
      reason.append(" ", button, " Results from here on then differ from the book’s.");
    }

    // One stop of the keyboard for a cell: the arrows lead from button to button.
    move(event) {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const buttons = [...this.bar.children].filter((button) => !button.hidden);
      if (step) buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
    }

    // Those above it that have to run before.
    get above() {
      return cells.slice(0, this.id).filter((other) => !other.ran && !other.isApart);
    }

    // Return what runs, this cell last.
    begin() {
      return [...this.above, this];
    }

    edit() {
      if (this.fold) this.fold.open = true;
      this.open();
      this.code.focus();
    }

    open() {
      const { code } = this;
      for (const [name, value] of Object.entries(EDITABLE)) code.setAttribute(name, value);
      code.setAttribute("aria-label", `Code of cell ${this.id + 1}`);
      try {
        code.contentEditable = "plaintext-only";
      } catch {} // an older browser, which pastes with its format; only the text counts
    }

    close() {
      for (const name of [...Object.keys(EDITABLE), "aria-label"]) this.code.removeAttribute(name);
    }

    key(event) {
      // Elsewhere on the page, Sphinx takes a slash for its shortcut to the search.
      if (event.key === "/" && this.code.isContentEditable) event.stopPropagation();
      if (event.key === "Escape") {
        this.editButton.focus();
      } else if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        if (!asked) run(this);
      } else if (event.key === "Enter" && this.code.isContentEditable) {
        event.preventDefault();
        const caret = getSelection().getRangeAt(0).cloneRange();
        caret.setStart(this.code, 0);
        const line = plainText(caret.cloneContents()).split("\n").at(-1);
        document.execCommand("insertText", false, `\n${line.match(/^ */)[0]}${line.endsWith(":") ? "    " : ""}`);
      }
    }

    changed() {
      if (!this.isApart) {
        for (const cell of cells.slice(this.id)) cell.ran = false;
        firstChanged = Math.min(firstChanged, this.id);
      }
      this.node.classList.toggle("edited", this.isEdited);
      this.resetButton.hidden = !this.isEdited && !this.fresh;
      if (asked !== this) this.say("");
    }

    // What a reader is told of a run that went well. Pictures are not compared.
    get result() {
      const lines = (nodes) => nodes.map((node) => (node.querySelector("pre") ?? node).textContent.trim()).join("\n");
      const seconds = (performance.now() - this.began) / 1000;
      const time = seconds < 0.1 ? "less than 0.1 s" : `${seconds.toFixed(1)} s`;
      const texts = this.bookOutputs.some((node) => node.querySelector("pre"));
      const same = texts && lines(this.fresh ?? []) === lines(this.bookOutputs);
      return `Ran in ${time}${same ? ", with the output that the book shows" : ""}.`;
    }

    reset() {
      if (asked === this || (asked && !this.isApart)) stop();
      this.code.innerHTML = this.html;
      this.close();
      this.node.classList.remove("edited");
      this.show(null);
      this.say("");
      this.button.focus();
      this.resetButton.hidden = true;
      if (!this.isApart) forget();
    }

    // Outputs of a run take the place of the book's, which are only hidden. A figure keeps its caption.
    show(fresh) {
      this.room = MOST;
      for (const node of this.fresh ?? []) node.remove();
      this.picture?.[1].replaceWith(this.picture[0]);
      this.picture = null;
      this.fresh = fresh;
      for (const node of this.bookOutputs) node.hidden = Boolean(fresh);
      if (fresh) this.resetButton.hidden = false;
    }

    add(kind, text) {
      if (!this.fresh) this.show([]);
      if (kind.startsWith("std") || kind === "text") {
        if (this.room < 0) return;
        this.room -= text.length;
        if (this.room < 0) text = `${text.slice(0, this.room)}\n… The rest of the output is not shown.\n`;
      }
      const last = this.fresh.at(-1);
      if (kind === last?.dataset.kind && kind.startsWith("std")) {
        last.querySelector("pre").append(text);
        return;
      }
      const figure = this.bookOutputs.find((node) => node.matches("figure, :has(> figure)"));
      const old = this.node.querySelector(".cell_output img");
      let node;
      if (kind === "png") {
        const image = element("img", { src: `data:image/png;base64,${text}`, alt: this.isEdited || !old ? "The figure that this cell draws" : old.alt, className: old?.className ?? "" });
        if (figure && !this.picture) {
          const shown = figure.querySelector("img");
          this.picture = [shown, image];
          shown.replaceWith(image);
          figure.hidden = false;
          return;
        }
        node = element("div", { className: "output image_png" }, image);
      } else if (kind === "html") {
        node = fromHTML(text);
      } else {
        const pre = element("pre", { textContent: text });
        const classes = { stdout: "stream", stderr: "stream stderr", text: "text_plain", error: "traceback" }[kind];
        node = element("div", { className: `output ${classes} highlight-myst-ansi notranslate` }, element("div", { className: "highlight" }, pre));
      }
      node.dataset.kind = kind;
      this.fresh.push(node);
      // The order of Jupyter: what is printed, the value, the figures, an error.
      if (figure && kind !== "png" && kind !== "error") figure.before(node);
      else this.output.append(node);
    }
  }

  // A cell of an exercise, which is always an editor.
  class Editor extends Cell {
    constructor(node, id, name) {
      super(node, id);
      this.exercise = node.closest(".exercise");
      const title = this.exercise.querySelector(".admonition-title").textContent.trim();
      this.bar.setAttribute("aria-label", `Python, ${name}, ${title}`);
      this.editButton.hidden = true;
      this.open();
      this.code.setAttribute("aria-label", `${name}, ${title}`);
    }

    close() {} // it stays an editor

    key(event) {
      if (event.key === "Escape") this.button.focus();
      else super.key(event);
    }
  }

  // The empty cell below an exercise, which can use the chapter, and the reader's answer, but no solution.
  class Attempt extends Editor {
    begin() {
      const answer = all.filter(({ node, exercise }) => exercise === this.exercise && node.matches(".starter"));
      return [...this.above.filter(({ node }) => !node.closest(".solution")), ...answer, this];
    }
  }

  function start(place) {
    if (location.protocol === "file:") throw "file";
    if (!self.Worker || !self.WebAssembly) throw "old";
    let modules = false;
    const options = { get type() { modules = true; return "module"; } }; // old browsers do not ask
    try {
      workers[place] = new Worker(workerAddress, options);
    } catch {
      throw "blocked";
    }
    if (!modules) throw "old";
    workers[place].onmessage = ({ data }) => receive(data, place);
    workers[place].onerror = (event) => {
      event.preventDefault();
      fail(place, event.message ? "other" : "blocked", "", event.message);
    };
  }

  function run(cell) {
    try {
      if (!workers[cell.place]) start(cell.place);
    } catch (reason) {
      terminate(cell.place);
      cell.say(SAYS[reason](), true);
      return;
    }
    asked = cell;
    failed = false;
    firstChanged = Infinity;
    queue = cell.begin();
    for (const other of all) other.button.disabled = other !== cell;
    cell.button.textContent = "Stop";
    cell.node.classList.add("at-work");
    cell.say("Starting …");
    workers[cell.place].postMessage({ cells: queue.map(({ id, text }) => ({ id, code: text })) });
  }

  function forget(place = "page") {
    if (place === "page") for (const cell of cells) cell.ran = false;
    workers[place]?.postMessage({ cells: [], clear: true });
  }

  function finish() {
    for (const other of all) other.button.disabled = false;
    asked.button.textContent = asked.verb;
    asked.node.classList.remove("at-work");
    asked.status.style.removeProperty("--loaded");
    asked = null;
  }

  function terminate(place) {
    forget(place);
    workers[place]?.terminate();
    delete workers[place];
  }

  function stop() {
    terminate(asked.place);
    asked.say("Stopped. The next run starts Python anew.");
    finish();
  }

  function fail(place, kind, file, text) {
    terminate(place);
    if (asked?.place !== place) return;
    asked.say(SAYS[kind](file, text), true);
    finish();
  }

  function receive(message, place) {
    const { id, kind, text, running, ended, loaded, total, starting, finished, problem, file } = message;
    if (problem) return fail(place, problem, file, text);
    if (!asked) return;
    const cell = queue.find((one) => one.id === id);
    if (total) {
      asked.say(`Loading Python: ${megabytes(loaded)} of ${megabytes(total)} MB (only the first time)`);
      asked.status.style.setProperty("--loaded", `${(100 * loaded) / total}%`);
    }
    if (starting) asked.say("Starting Python …");
    if (asked.receive && !finished) return asked.receive(message);
    if (running) {
      cell.hasOutput = false;
      cell.began = performance.now();
      asked.status.style.removeProperty("--loaded");
      const place = queue.indexOf(cell) + 1;
      asked.say(queue.length > 1 ? `Running cell ${place} of ${queue.length} …` : "Running …");
    }
    // What runs only because a later cell needs it stays as the book shows it, unless it is changed.
    const isShown = cell === asked || cell?.fresh || cells.slice(0, id + 1).some((other) => other.isEdited && !other.isApart);
    if (kind && (isShown || kind === "error")) {
      if (!cell.hasOutput) cell.show([]);
      cell.hasOutput = true;
      cell.add(kind, text);
    }
    if (ended !== undefined) {
      if (isShown && !cell.hasOutput) cell.show([]);
      cell.ran = id < firstChanged;
      failed ||= !ended && cell !== asked;
      const problem = failed ? "A cell above failed; what went wrong is shown there." : "";
      if (cell === asked) asked.say(problem || (ended ? cell.result : ""), failed);
    }
    if (finished) finish();
  }

  for (const exercise of document.querySelectorAll("article .exercise")) {
    const code = element("div", { className: "cell_input" }, element("div", { className: "highlight" }, element("pre")));
    const fold = element("details", { className: "attempt" }, element("summary", { textContent: ATTEMPT }));
    fold.append(element("div", { className: "cell apart" }, code));
    exercise.append(fold);
  }
  const cells = [...document.querySelectorAll("article .cell:has(.cell_input pre)")].map((node, id) => (
    node.parentElement.matches(".attempt") ? new Attempt(node, id, ATTEMPT) : new Cell(node, id)
  ));
  self.pageCells = { Editor, forget };
})();
