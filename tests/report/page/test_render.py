"""The page of a run: complete, one file, safe whatever files and classes are called."""

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest
from jinja2 import StrictUndefined

from esc_gpu.report.page.render import PER_PAGE, Budget, cards_part, marked_code, render_page, template
from tests.helpers.hostile_names import EVIL
from tests.helpers.made_up_report import RATE, SMALL, make_report
from tests.helpers.parsed_page import Parsed


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return make_report(tmp_path_factory.mktemp("made-up") / "noise")


@pytest.fixture(scope="module")
def html(report):
    return render_page(report)


@pytest.fixture(scope="module")
def page(html):
    return Parsed(html)


def test_a_run_that_was_evaluated_once_has_dots_for_curves(page, report):
    """The made-up histories have one record with a test loss and accuracy."""
    assert len(page.with_class("mark")) == 2 * len(report.maps)
    assert all(re.fullmatch(r"M[\d. ]+h0", attributes["d"]) for attributes in page.with_class("mark"))


def test_every_element_is_closed(page):
    assert page.open == [] and page.elements[0][0] == "html" and page.all("html")[0]["lang"] == "en"


def test_both_parts_have_all_their_sections(page):
    ids = [attributes["id"] for attributes in page.all("section")]
    part_one = ["features", "front-end", "examples", "spectra", "inputs"]
    part_two = ["classification", "protocol", "classes", "confusion", "calibration", "map", "mistakes"]
    assert ids == part_one + part_two
    linked = [attributes["href"][1:] for attributes in page.all("a") if attributes["href"] != "#mistakes"]
    assert set(linked) <= set(ids)


def test_headings_are_in_order_and_ids_unique(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_pictures_and_players_say_what_they_are(page):
    drawn = [attributes for attributes in page.all("svg") if attributes.get("aria-hidden") != "true"]
    nested = [attributes for attributes in drawn if "preserveaspectratio" in attributes]
    assert all(attributes["aria-label"] for attributes in drawn if attributes not in nested)
    assert all(attributes["role"] in ("img", "group") for attributes in drawn if attributes not in nested)
    assert all(attributes["aria-label"] for attributes in page.all("audio"))
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.all("th"))


def test_nothing_is_loaded_from_elsewhere(html, page):
    for tag, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "srcset", "action", "poster", "data"):
            address = attributes.get(name) or ""
            assert address.startswith(("data:", "#")) or not address or tag == "image" and address == "", (tag, name)
    assert "@import" not in html and "url(http" not in html and "fetch(" not in html
    assert not re.search(r"""(src|href)\s*=\s*["']?https?:""", html)


def test_the_policy_forbids_the_network_and_any_script_but_ours(html, page):
    (policy,) = (a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'" and "connect-src" not in rules and "unsafe" not in policy
    assert rules["img-src"] == rules["media-src"] == "data:"
    for tag in ("script", "style"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert not any("style" in a or any(name.startswith("on") for name in a) for _, a in page.elements)


def test_names_of_files_and_classes_are_escaped(tmp_path):
    pattern = '{fold}-{source}-{take}"><img src=x onerror=alert(1)>-{target}.wav'
    options = {"classes": EVIL, "categories": EVIL, "pattern": pattern, "skill": 0.3}
    report = make_report(tmp_path / "<b>run</b>", **options)
    assert report.mistakes
    html = render_page(report)
    page = Parsed(html)
    assert len(page.all("script")) == 1 and not page.all("img") and not page.all("b")
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "<script>alert" not in html and "49&amp;" not in html and "<b>run" not in html
    for name in EVIL:
        assert name in page.text
    assert any("onerror=alert(1)" in text for text in page.texts["p"])


def test_what_docstrings_have_between_backticks_is_code(html):
    assert "in place of the floor <code>amin</code>; 0 for" in html
    assert str(marked_code("`a < b` & c")) == "<code>a &lt; b</code> &amp; c"


def test_the_numbers_are_those_of_the_assessment(report, page):
    assessment = report.assessment
    assert f"{100 * assessment['over_folds']['accuracy']['mean']:.2f} ±" in page.text
    assert f"{100 * assessment['intervals']['accuracy']['low']:.1f} to" in page.text
    assert f"{100 * assessment['calibration']['ece']:.2f} %" in page.text
    for entry in assessment["per_class"]:
        assert entry["name"].replace("_", " ") in page.text and f"{100 * entry['f1']:.2f}" in page.text


def test_the_matrix_has_a_cell_a_pair_and_leads_from_mistakes_to_their_clips(report, page):
    matrix = report.assessment["confusion_matrix"]
    cells = [a for a in page.all("td") if "data-text" in a]
    counts = [int(re.search(r": (\d+) clip", cell["data-text"])[1]) for cell in cells]
    assert counts == [count for row in matrix for count in row]
    mistakes = {(clip["data-true"], clip["data-predicted"]) for clip in page.with_class("mistake")}
    linked = {(str(t), str(p)) for t, row in enumerate(matrix) for p, count in enumerate(row) if t != p and count}
    assert mistakes == linked


def test_every_mistake_is_listed_with_its_picture_its_heat_and_its_sound(report, page):
    cards = page.with_class("mistake")
    assert len(cards) == report.n_mistakes == len(report.mistakes)
    assert f"All {report.n_mistakes} mistakes" in page.text
    for kind in ("heat-predicted", "heat-true"):
        assert len(page.with_class(kind)) == len(cards)
    assert len(page.with_class("hot")) == 2 * len(cards) and all(a["d"] for a in page.with_class("hot"))
    sounds = page.all("audio")
    assert len(sounds) == len(cards) + len(report.examples)
    assert all(a["src"].startswith("data:audio/") and a["preload"] == "none" for a in sounds)
    for clip in report.mistakes:
        assert report.run.filenames[clip.row] in page.text


def test_the_maps_have_a_point_a_clip_and_mark_the_mistakes(report, page):
    assert len([a for a in page.with_class("map")]) == len(report.maps)
    points = [a for a in page.with_class("point") if "transform" in a]
    assert len(points) == len(report.run.labels)
    assert sum("wrong" in a["class"].split() for a in points) == report.n_mistakes


def test_the_page_keeps_to_its_budget(report):
    whole = render_page(report)
    card = Parsed(whole).with_class("mistake")
    sounds = len(re.findall("<audio", whole))
    addresses = sum(len(match) for match in re.findall(r'(?:src|href)="(data:[^"]+)"', whole))
    less = render_page(report, page_bytes=addresses * 6 // 10)
    found = Parsed(less)
    assert len(found.with_class("mistake")) == len(card)  # every mistake is still listed
    assert 0 < len(found.all("audio")) < sounds and "no sound." in found.text
    nothing = Parsed(render_page(report, page_bytes=0))
    assert not nothing.all("audio") and not nothing.with_class("heat")
    assert "no pictures." in nothing.text


def test_a_budget_is_spent_to_its_last_byte():
    budget = Budget(5)
    assert budget.keep(["ab", "c"]) and not budget.keep(["abc"]) and budget.keep(["ab"])
    assert (budget.left, budget.refused) == (0, 1) and budget.keep([]) and not budget.keep(["a"])
    assert budget.refused == 2


def test_a_card_has_its_three_likeliest_classes_and_the_true_one(report):
    part = cards_part(report, 10**9)
    for card in part["mistakes"]:
        shares = report.run.probabilities[card.row]
        order = sorted(range(len(shares)), key=lambda label: -shares[label])
        ahead = [*order[:3], *(label for label in order[3:] if label in card.true)]
        assert card.likeliest == [(label, shares[label]) for label in ahead]
    assert {picture.values[:2] for pictures in part["inputs"] for picture in pictures} == {(-3, 3)}
    assert (part["undrawn"], part["unheard"]) == (0, 0)


def test_a_value_that_the_page_lacks_is_an_error(html):
    assert template().environment.undefined is StrictUndefined
    assert not re.search(r"\n[ \t]+\n", html)  # nothing is left of the template's own lines


def test_a_part_of_the_mistakes_says_so(report):
    page = Parsed(render_page(replace(report, mistakes=report.mistakes[:2])))
    assert len(page.with_class("mistake")) == 2
    assert f"The 2 most confident of {report.n_mistakes} mistakes" in " ".join(page.text.split())


def test_a_dozen_mistakes_are_seen_and_the_others_opened(report):
    assert len(report.mistakes) > 2 and PER_PAGE == 12
    many = Parsed(render_page(replace(report, mistakes=(report.mistakes * PER_PAGE)[: 2 * PER_PAGE + 1])))
    assert many.texts["summary"] == [f"Mistakes {PER_PAGE + 1} to {2 * PER_PAGE}", f"Mistakes {2 * PER_PAGE + 1}"]
    assert not any("open" in attributes for attributes in many.all("details"))
    words = [(attributes.get("class") or "").split()[-1:] for _, attributes in many.elements]
    kinds = [word for (word,) in filter(None, words) if word in ("more", "mistake")]
    assert kinds == ["mistake"] * PER_PAGE + ["more"] + ["mistake"] * PER_PAGE + ["more", "mistake"]
    assert not Parsed(render_page(replace(report, mistakes=report.mistakes[:PER_PAGE]))).all("details")


def test_a_run_without_mistakes(tmp_path):
    report = make_report(tmp_path / "perfect", skill=50)
    page = Parsed(render_page(report))
    assert "every test clip is classified correctly" in page.text and not page.with_class("mistake")
    assert not page.all("input")


def test_a_backbone_without_maps_and_a_report_without_sound(tmp_path):
    page = Parsed(render_page(make_report(tmp_path / "silent", heat=False, audio=False)))
    assert "Grad-CAM needs maps <here>." in page.text
    assert not page.with_class("heat") and not page.all("audio") and not page.all("input")


def test_synthetic_recordings_are_plainly_said_to_be(tmp_path, page):
    synthetic = Parsed(render_page(make_report(tmp_path / "demo", synthetic=True)))
    assert "Synthetic recordings." in synthetic.text and synthetic.with_class("notice")
    assert not page.with_class("notice")


def test_one_fold_has_no_spread(tmp_path):
    page = Parsed(render_page(make_report(tmp_path / "one", folds=(3,))))
    assert "of a single fold" in page.text and "±" not in "".join(page.texts["dd"])


@pytest.mark.parametrize(("cuda", "expected"), [("13.0", "2 × H100, CUDA 13.0; "), (None, "2 × H100; ")])
def test_a_gpu_is_named(tmp_path, cuda, expected):
    folder = tmp_path / "gpu"
    report = make_report(folder)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    summary["environment"] |= {"gpu": {"name": "H100", "count": 2, "memory_bytes": 1}, "cuda": cuda}
    report = replace(report, run=replace(report.run, summary=summary))
    assert expected in Parsed(render_page(report)).text


@pytest.mark.parametrize(
    "frontend",
    [
        {"name": "rms", "sample_rate": RATE},
        {"name": "chroma", **SMALL},
        {"name": "delta", "sample_rate": RATE, "member": {"name": "mfcc", **SMALL, "n_mels": 16, "n_mfcc": 8}},
        {"name": "stack", "sample_rate": RATE, "members": [{"name": n, **SMALL} for n in ("logmel", "spectrogram")]},
    ],
    ids=lambda frontend: frontend["name"],
)
def test_front_ends_of_other_kinds_and_of_several_channels(tmp_path, frontend):
    report = make_report(tmp_path / "other", frontend)
    page = Parsed(render_page(report))
    n_channels = len(report.frontend.axes)
    assert len(page.with_class("heat-true")) == n_channels * len(report.mistakes)
    assert "members" not in page.texts.get("code", [])
    if frontend["name"] in ("delta", "stack"):
        assert {axis.name for axis in report.frontend.axes} <= set(page.texts["h4"])


def test_fifty_classes(tmp_path):
    names = tuple(f"class_{number}" for number in range(50))
    report = make_report(tmp_path / "many", classes=names, categories=("Other",) * 50, folds=(1,), per_class=1)
    page = Parsed(render_page(report))
    assert page.with_class("dense") and len([a for a in page.all("td") if "data-text" in a]) == 2500
    shapes = {(a["class"].split()[1]) for a in page.with_class("point")}
    assert shapes == {f"c{number}" for number in range(10)}
    lines = [f"Classes {first} to {min(first + PER_PAGE - 1, 50)}" for first in range(1 + PER_PAGE, 51, PER_PAGE)]
    # Of clips, spectra and inputs.
    assert [text for text in page.texts["summary"] if text.startswith("Classes")] == 3 * lines
