// Exercises with a check: the starter is an editor, and Check runs what the chapter has to define for it,
// the reader's code, and the check, whose last line says what is wrong. It is a cell of page.js.
(() => {
  const { Cell, forget } = self.pageCells;
  const [NEEDED, ANSWER, CHECK] = [0, 1, 2];
  const WHAT = ["the chapter’s code", "your code", "the check"];
  const NAMES = "“What is checked” lists the names of this chapter that your code can use.";
  const KEEP = "Keep the name of the function, and give no other meaning to the names listed under “What is checked”.";

  class Exercise extends Cell {
    constructor(node, fold) {
      super(node, ANSWER);
      this.parts = [JSON.parse(fold.dataset.needed), fold.querySelector("pre").textContent];
      this.button.textContent = this.verb = "Check";
      this.button.title = "Check this code (Shift+Enter)";
      const title = node.closest(".exercise").querySelector(".admonition-title").textContent.trim();
      this.bar.setAttribute("aria-label", `Check your code, ${title}`);
      this.editButton.hidden = true;
      this.open();
      this.code.setAttribute("aria-label", `Your code, ${title}`);
    }

    // The answer starts from what the chapter defines, whatever has run on the page.
    begin() {
      forget();
      Object.assign(this, { held: "", problem: null });
      this.node.classList.remove("correct");
      this.show([]);
      const [needed, check] = this.parts;
      return [{ id: NEEDED, text: needed }, this, { id: CHECK, text: check }];
    }

    receive({ id, kind, text, headline, running, ended }) {
      if (running) this.say("Checking …");
      if (kind === "error") this.problem ??= { id, headline };
      if (kind === "stdout" && id === CHECK) this.hold(text);
      else if (kind && id !== NEEDED && (kind !== "error" || id === ANSWER)) this.add(kind, text);
      if (id === CHECK && ended !== undefined) this.conclude();
    }

    // Show what the check prints but for its last line, which may end with the verdict.
    hold(text) {
      this.held += text;
      const end = this.held.trimEnd().lastIndexOf("\n") + 1;
      if (end) this.add("stdout", this.held.slice(0, end));
      this.held = this.held.slice(end);
    }

    conclude() {
      const { held, problem } = this;
      const [, printed, verdict] = held.match(/^(.*?)((?:Correct|Not yet): .*)\n$/) ?? ["", held, ""];
      if (printed) this.add("stdout", printed);
      const said = problem ? `Not yet: ${WHAT[problem.id]} stopped with ${problem.headline}` : verdict;
      const hint = problem?.id === CHECK ? KEEP : said.includes("NameError") ? NAMES : "";
      const isCorrect = said.startsWith("Correct");
      this.say(`${said}${/[.?!]$/.test(said) ? "" : "."} ${hint}`.trimEnd(), !isCorrect);
      this.node.classList.toggle("correct", isCorrect);
      forget();
    }

    changed() {
      this.node.classList.remove("correct");
      this.node.classList.toggle("edited", this.isEdited);
      this.resetButton.hidden = !this.isEdited && !this.fresh;
    }

    close() {} // a starter stays an editor

    reset() {
      super.reset();
      this.node.classList.remove("correct");
    }

    key(event) {
      if (event.key === "Escape") this.button.focus();
      else super.key(event);
    }
  }

  for (const fold of document.querySelectorAll("article .what-is-checked[data-needed]")) {
    new Exercise(fold.previousElementSibling, fold);
  }
})();
