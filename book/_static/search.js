// The search: sections of the book, found while the reader types, in the theme's dialog and on the
// search page. The index and the texts are scripts (see _ext/section_search.py), which also load where
// the book is opened as a file. They are fetched when the reader begins to search.
const bookSearch = (() => {
  const root = document.documentElement.dataset.content_root;
  const WORD = /[\p{L}\p{N}]{2,}/gu;
  const MOST = 7; // pages that are shown
  const texts = {}; // page -> anchor -> text
  const loading = {};
  let index, stemmer;

  // Loading. --------------------------------------------------------------------------------------

  const load = (name) =>
    (loading[name] ??= new Promise((done, fail) => {
      const script = document.createElement("script");
      const failed = () => {
        delete loading[name]; // the next keystroke tries again
        fail(new Error(`${name} did not load.`));
      };
      Object.assign(script, { src: root + name, onload: done, onerror: failed });
      document.head.append(script);
    }));

  // Sphinx's script of the language holds the stemmer with which the index was made.
  async function ready() {
    await Promise.all([load("_static/language_data.js"), load("_search/index.js")]);
    stemmer ??= new Stemmer();
  }

  function addIndex({ pages, words, postings }) {
    const units = pages.flatMap(([, sections], page) => sections.map(([anchor, title]) => ({ page, anchor, title, length: 0 })));
    const terms = new Map();
    words.split(" ").forEach((word, i) => {
      const found = [];
      for (let k = 0, unit = 0; k < postings[i].length; k += 2) {
        unit += postings[i][k];
        const count = postings[i][k + 1];
        units[unit].length += count;
        found.push([unit, count]);
      }
      terms.set(word, found);
    });
    const mean = units.reduce((total, unit) => total + unit.length, 0) / units.length;
    index = { pages, units, terms, mean };
  }

  // Finding. --------------------------------------------------------------------------------------

  // How many slips (a letter too many, missing or wrong, or two in the wrong order) lead from a word to
  // the beginning of another, or to the other and an ending.
  function slips(word, other, most) {
    let [before, last] = [[], Array.from({ length: other.length + 1 }, (_, j) => j)];
    let least = Infinity;
    for (let i = 1; i <= word.length; i++) {
      const row = [i];
      for (let j = 1; j <= other.length; j++) {
        row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (word[i - 1] !== other[j - 1]));
        if (word[i - 1] === other[j - 2] && word[i - 2] === other[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
      }
      if (Math.min(...row) > most) break;
      if (i > 4 && i > word.length - 4) least = Math.min(least, row[other.length]);
      if (i === word.length) least = Math.min(least, ...row);
      [before, last] = [last, row];
    }
    return least;
  }

  // The words of the index that a word of the reader may mean, each with a share of trust: itself, longer
  // ones that begin with it, with less if it is a word itself, and only if there are none, those that are a
  // slip or two away.
  function meanings(word) {
    const stem = stemmer.stemWord(word);
    const whole = [stem, word].filter((term) => index.terms.has(term));
    const found = new Map(whole.map((term) => [term, 1]));
    for (const term of index.terms.keys()) {
      if (term.startsWith(word) && !found.has(term)) found.set(term, ((whole.length ? 0.1 : 0.7) * word.length) / term.length);
    }
    for (let most = 0; !found.size && most <= Math.min(2, (word.length - 1) / 3); most++) {
      for (const term of index.terms.keys()) {
        if (slips(stem, term, most) <= most) found.set(term, (0.5 * Math.min(stem.length, term.length)) / term.length);
      }
    }
    return found;
  }

  // The pages that answer a query, best first, each with its best sections. Sections are ranked by BM25
  // with a large k1, so that it matters how often a word is there. Chapters come before what refers to them,
  // and before all the entry of the glossary that is asked for.
  function find(query) {
    const words = [...new Set(query.toLowerCase().match(WORD))].filter((word) => !stopwords.includes(word) && /\D/.test(word));
    const scores = new Map();
    const terms = new Set();
    for (const word of words) {
      const best = new Map();
      for (const [term, trust] of meanings(word)) {
        terms.add(term);
        const found = index.terms.get(term);
        const rarity = Math.log(1 + index.units.length / found.length);
        for (const [unit, count] of found) {
          const score = (trust * rarity * count) / (count + 3 + 2 * (index.units[unit].length / index.mean));
          best.set(unit, Math.max(score, best.get(unit) ?? 0));
        }
      }
      for (const [unit, score] of best) scores.set(unit, [...(scores.get(unit) ?? []), score]);
    }
    const stems = (text) => text.toLowerCase().match(WORD)?.map((word) => stemmer.stemWord(word)).join(" ");
    const asked = stems(query);
    const pages = new Map();
    for (const [i, parts] of scores) {
      const unit = index.units[i];
      const entry = unit.anchor.startsWith("term-") && stems(unit.title) === asked ? 100 : 1;
      const whole = unit.title.toLowerCase().includes(query.toLowerCase()) ? 1.5 : 1;
      const share = unit.anchor === "exercises" ? 0.5 : 1;
      const score = entry * whole * share * parts.reduce((a, b) => a + b) * (parts.length / words.length) ** 2;
      if (!pages.has(unit.page)) pages.set(unit.page, []);
      pages.get(unit.page).push({ ...unit, score });
    }
    return [...pages]
      .map(([page, sections]) => {
        sections.sort((a, b) => b.score - a.score);
        const score = (index.pages[page][2] ? 1.3 : 1) * (sections[0].score + (sections[1]?.score ?? 0) / 2);
        return { page, sections, terms, score };
      })
      .sort((a, b) => b.score - a.score);
  }

  // Showing. --------------------------------------------------------------------------------------

  function make(tag, attributes, ...children) {
    const node = Object.assign(document.createElement(tag), attributes);
    node.append(...children);
    return node;
  }

  // The part of a text that holds most of the terms, which are marked.
  function snippet(text, terms) {
    const hits = [...text.matchAll(WORD)].filter(([word]) => {
      const lower = word.toLowerCase();
      return terms.has(lower) || terms.has(stemmer.stemWord(lower));
    });
    const worth = (hit) => new Set(hits.filter(({ index: at }) => at >= hit.index && at < hit.index + 160).map(([word]) => word.toLowerCase())).size;
    const best = hits.reduce((best, hit) => (!best || worth(hit) > worth(best) ? hit : best), null);
    let from = best ? text.lastIndexOf(". ", best.index) + 1 : 0;
    if (best && best.index - from > 80) from = text.indexOf(" ", best.index - 60);
    from = Math.max(from, 0);
    const to = text.length > from + 220 ? text.lastIndexOf(" ", from + 220) : text.length;
    const parts = [from > 0 && text[from - 1] !== "." ? "…" : ""];
    let at = from;
    for (const hit of hits) {
      if (hit.index < from || hit.index >= to) continue;
      parts.push(text.slice(at, hit.index), make("mark", {}, hit[0]));
      at = hit.index + hit[0].length;
    }
    return [...parts, text.slice(at, to), to < text.length ? " …" : ""];
  }

  function item({ page, sections: [first, ...others], terms }) {
    const [path, all] = index.pages[page];
    const link = ({ anchor, title }) => make("a", { href: `${root}${path}.html${anchor === all[0][0] ? "" : `#${anchor}`}` }, title);
    const context = make("p", { className: "context" });
    load(`_search/${page}.js`).then(() => context.append(...snippet(texts[page][first.anchor] ?? "", terms)), () => {});
    const node = make("li", {}, link(first), context);
    if (first.anchor !== all[0][0]) context.before(make("span", {}, all[0][1]));
    const further = others.filter(({ score }) => score > first.score / 3).slice(0, 2);
    if (further.length) node.append(make("p", {}, "Also: ", ...further.flatMap((section, i) => [i ? " · " : "", link(section)])));
    return node;
  }

  function attach(form) {
    const input = form.querySelector("input");
    const dialog = form.closest("dialog");
    const status = make("p", { className: "search-summary", role: "status" });
    const list = make("ol", { className: "search" });
    const box = (!dialog && document.getElementById("search-results")) || make("div", {});
    box.classList.add("search-results");
    box.append(status, list);
    if (!box.isConnected) form.after(box);
    const show = async () => {
      try {
        await ready();
      } catch {
        status.textContent = "The search could not be loaded.";
        return;
      }
      const query = input.value.trim();
      const found = find(query);
      list.replaceChildren(...found.slice(0, MOST).map(item));
      const pages = found.length === 1 ? "1 page found." : `${found.length} pages found${found.length > MOST ? `, the best ${MOST} shown` : ""}.`;
      status.textContent = query.length < 2 ? "" : found.length ? pages : `Nothing found for “${query}”.`;
    };
    input.addEventListener("focus", () => ready().catch(() => {}));
    input.addEventListener("input", show);
    // Arrow keys go from the field to the results and back.
    (dialog ?? box.parentElement).addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const stops = [input, ...list.querySelectorAll("a")];
      const next = stops[stops.indexOf(document.activeElement) + step];
      if (!next || !stops.includes(document.activeElement)) return;
      event.preventDefault();
      next.focus();
    });
    list.addEventListener("click", ({ target }) => {
      if (!target.closest("a")) return;
      dialog?.close(); // the section may be on this page
    });
    if (!dialog) {
      input.value = new URLSearchParams(location.search).get("q") ?? "";
      if (input.value) show();
    }
  }

  document.querySelectorAll("form.bd-search").forEach(attach);
  return { addIndex, addTexts: (page, text) => (texts[page] = text) };
})();
