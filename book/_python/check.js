// Exercises with a check: the starter is an editor, and Check runs what the chapter has to define for it,
// the reader's code, and the check, whose last line says what is wrong. It is a cell of page.js.
(() => {
  const { Cell, forget } = self.pageCells;
  const [NEEDED, ANSWER, CHECK] = [0, 1, 2];

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
    get queue() {
      forget();
      Object.assign(this, { printed: "", problem: "" });
      this.node.classList.remove("correct");
      this.show([]);
      const [needed, check] = this.parts;
      return [{ id: NEEDED, text: needed }, this, { id: CHECK, text: check }];
    }

    receive({ id, kind, text, running, ended }) {
      if (running) this.say("Checking …");
      if (kind === "error") this.problem ||= text;
      if (kind === "stdout" && id === CHECK) this.printed += text;
      else if (kind && id !== NEEDED && (kind !== "error" || id === ANSWER)) this.add(kind, text);
      if (id === CHECK && ended !== undefined) this.conclude();
    }

    conclude() {
      const lines = this.printed.trimEnd().split("\n");
      const verdict = this.problem ? `Not yet: Python stopped with ${this.problem.split("\n").at(-1)}` : lines.pop();
      if (lines.join("")) this.add("stdout", `${lines.join("\n")}\n`);
      const isCorrect = verdict.startsWith("Correct");
      const hint = verdict.includes("NameError") ? ". “What is checked” lists the names of this chapter that your code can use." : "";
      this.say(verdict + hint, !isCorrect);
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
