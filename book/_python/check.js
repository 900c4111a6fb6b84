// Exercises with a check: the starter is an editor, and Check runs what the chapter has to define for it,
// the reader's code, and the check, whose last line says what is wrong. It is a cell of page.js, with a worker
// apart: a check neither depends on what was run on the page nor changes it, and can be stopped without loss.
(() => {
  const { Editor, forget } = self.pageCells;
  const [NEEDED, CHECK] = ["needed", "check"];
  const WHAT = { [NEEDED]: "the chapter’s code", [CHECK]: "the check" };
  const NAMES = "“What is checked” lists the names of this chapter that your code can use. Under “Try it in Python”, it can use all of them.";
  const USE = "Below, you can use it with all that the chapter defines.";
  const KEEP = "Keep the name of the function, and give no other meaning to the names listed under “What is checked”.";

  class Exercise extends Editor {
    constructor(node, number) {
      super(node, `answer ${number}`, "Your code");
      const fold = node.nextElementSibling;
      this.parts = [JSON.parse(fold.dataset.needed), fold.querySelector("pre").textContent];
      this.place = "checks";
      this.button.textContent = this.verb = "Check";
      this.button.title = "Check this code (Shift+Enter)";
    }

    begin() {
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
      else if (kind && id !== NEEDED && (kind !== "error" || id === this.id)) this.add(kind, text);
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
      const said = problem ? `Not yet: ${WHAT[problem.id] ?? "your code"} stopped with ${problem.headline}` : verdict;
      const isCorrect = said.startsWith("Correct");
      const hint = problem?.id === CHECK ? KEEP : said.includes("NameError") ? NAMES : isCorrect ? USE : "";
      this.say(`${said}${/[.?!]$/.test(said) ? "" : "."} ${hint}`.trimEnd(), !isCorrect);
      this.node.classList.toggle("correct", isCorrect);
      if (isCorrect) this.exercise.querySelector(".attempt").open = true;
      forget(this.place);
    }

    changed() {
      this.node.classList.remove("correct");
      this.node.classList.toggle("edited", this.isEdited);
      this.resetButton.hidden = !this.isEdited && !this.fresh;
    }

    reset() {
      super.reset();
      this.node.classList.remove("correct");
    }
  }

  document.querySelectorAll("article .starter:has(+ [data-needed])").forEach((node, i) => new Exercise(node, i));
})();
