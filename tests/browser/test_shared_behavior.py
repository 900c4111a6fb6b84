"""What is the same in all live figures: fields for numbers, and the sentence below."""

import pytest

from tests.browser.figures import (
    click,
    control,
    find,
    mostly_slow,
    unfold,
    wait_for_status,
    write_page,
)
from tests.browser.test_touch import FIGURES

SENTENCE = ".sentence"


@pytest.fixture(scope="module", params=mostly_slow(FIGURES, "logits"))
def figure(request, visit, tmp_path_factory):
    """Open a page with one figure."""
    address = write_page(tmp_path_factory.mktemp(request.param), FIGURES[request.param])
    return unfold(find(visit(address), request.param))


def test_a_number_out_of_range_becomes_the_nearest_one_and_the_figure_says_so(figure):
    fields = figure.locator("input[type=number]:visible").all()
    for field in fields:
        name = field.get_attribute("aria-label").removesuffix(", as a number")
        ends = [field.get_attribute(end) for end in ("min", "max")]
        low, high = (end.replace("-", "−") for end in ends)
        for end, said in zip(ends, (low, high), strict=True):
            beyond = float(end) + (1000 if end == ends[1] else -1000)
            field.fill(f"{beyond:g}")
            assert field.get_attribute("aria-invalid") == "true"
            rule = f"{name} must be a number from {low} to {high}"
            assert figure.locator(SENTENCE).text_content() == f"{rule}."
            field.blur()
            assert float(field.input_value()) == float(end)
            assert field.get_attribute("aria-invalid") == "false"
            wait_for_status(figure, f"{rule}, so it is now {said}.")


def test_what_is_not_a_number_gives_way_to_the_last_one(figure):
    for field in figure.locator("input[type=number]:visible").all():
        before = field.input_value()
        field.fill("")
        field.blur()
        assert field.input_value() == before


@pytest.mark.parametrize("figure", ["logits"], indirect=True)
def test_the_sentence_is_seen_at_once_and_read_out_after_a_rest(figure):
    click(figure, "Reset")
    said = wait_for_status(figure, "The probabilities are seal 0.249")
    figure.evaluate("""e => {
      e.records = [];
      const root = e.shadowRoot, range = root.querySelector("input[type=range]");
      for (const z of [3, 3.1]) {
        range.value = z;
        range.dispatchEvent(new Event("input"));
        e.records.push(...["status", "printed"].map((name) => e[name].textContent));
      }
    }""")
    status, seen, again, later = figure.evaluate("e => e.records")
    assert status == again == said
    assert seen.startswith("The probabilities are seal 0.838, panda 0.")
    assert later.startswith("The probabilities are seal 0.852, panda 0.")
    assert wait_for_status(figure, "seal 0.852") == figure.evaluate("e => e.status.textContent")
    assert figure.locator(SENTENCE).text_content() == later
    assert figure.locator(SENTENCE).get_attribute("aria-hidden") == "true"


@pytest.mark.parametrize("figure", ["logits"], indirect=True)
def test_an_exponent_in_the_sentence_is_raised(figure):
    click(figure, "Reset")
    raised = figure.locator(f"{SENTENCE} sup")
    assert raised.all_text_contents() == ["0.98"]
    control(figure, "Temperature, as a number").fill("2")
    assert raised.all_text_contents() == ["(0.98 / 2)"]
