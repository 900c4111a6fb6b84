"""What the search knows of a page: sections, weighted words, and texts without what is not text."""

from section_search import read_page, stems

PAGE = """<article>
<section id="top">
<h1><span class="section-number">5. </span>Safe softmax<a class="headerlink">#</a></h1>
<p>Exponentials <strong>overflow</strong>.</p>
<div class="cell_input"><pre>import numpy</pre></div>
<section id="shift"><h2>Shifts</h2>
<p>Subtract <span class="math"><mjx-container><mjx-math>x</mjx-math>
<math><mi>m</mi></math></mjx-container></span>.</p>
<section id="proof-content"><p>A proof.</p></section>
<div class="solution"><p>The secret.</p></div></section></section>
<dl class="glossary"><dt id="term-logit">logit</dt><dd><p>A score.</p></dd></dl>
</article>"""


def test_page_is_read_by_section():
    numbered, units = read_page(PAGE)
    assert numbered
    assert [unit[:3] for unit in units] == [
        ("top", "Safe softmax", "Exponentials overflow."),
        ("shift", "Shifts", "Subtract m. A proof."),
        ("term-logit", "logit", "A score."),
    ]


def test_headings_and_bold_words_count_more():
    _, (top, shift, _) = read_page(PAGE)
    counts = top[3]
    assert counts["softmax"] > counts["overflow"] > counts["exponenti"] == 1
    assert counts["softmax"] > shift[3]["shift"] > 1
    _, (appendix, *_) = read_page(PAGE.replace("section-number", "x"))
    assert counts["softmax"] > appendix[3]["softmax"]


def test_words_are_told_apart_as_the_script_does():
    assert stems("The log_softmax of 12 z-scores") == ["log", "softmax", "score"]
