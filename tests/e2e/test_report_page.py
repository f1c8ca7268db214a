"""The report's page in a real browser: each card, and what people can do with it."""
import json
import math
import re

import pytest

from browser import Failed, browser  # noqa: F401
from test_client import GOOD, pytestmark as built, run
from test_client_run import write

pytestmark = built
PRINTS = "echo loss=1${trialParameters.x}; echo loss=${trialParameters.x}; echo loss=2${trialParameters.x}"
HOSTILE = '</script><img src=x onerror="window.hacked=1">'
CARDS = ["header", "history", "best", "curves", "importance", "parallel", "contour", "scatter", "timeline", "table"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report that mushir wrote: (its folder, its text, its data)."""
    folder = tmp_path_factory.mktemp("report")
    text = (GOOD.replace("maxTrialCount: 4", "maxTrialCount: 12")
            + '    - {name: "a<b>", parameterType: categorical, feasibleSpace: {list: ["</script>", "b&c"]}}\n')
    assert run("run", write(folder, text), "--quiet", "--", "sh", "-c", PRINTS).returncode == 0
    page = (folder / "small.html").read_text()
    return folder, page, json.loads(DATA.search(page)[2])


DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.S)


def page_of(folder, page, data):
    path = folder / "page.html"
    text = json.dumps(data).replace("<", "\\u003c")
    path.write_text(DATA.sub(lambda m: m[1] + text + m[3], page))
    return path


def trials(n, reports=5):
    """|n| trials of three parameters, the last of them the best."""
    out = []
    for i in range(n):
        value = 1 - i / (2 * n)
        out.append({"name": f"t-{i:05}", "condition": "Failed" if i % 10 == 3 else "Succeeded", "why": "exit code 1" if i % 10 == 3 else "",
                    "started": "2026-01-01T00:00:00.000Z", "begin": i / 10, "end": i / 10 + 1, "seconds": 1.0, "attempt": 1,
                    "objective": None if i % 10 == 3 else value, "metrics": [repr(value)], "latest": [repr(value + 0.5)],
                    "assignments": {"lr": repr(0.001 * 1.0005 ** i), "units": str(i % 8 + 1), "kind": "ab"[i % 2]},
                    "curve": [value + 1 / (k + 1) for k in range(reports)], "log": f"line one\nend of {i}"})
    return out


def parameter(name, **more):
    return {"name": name, "numeric": True, "log": False, "list": [], "min": "", "max": "", "importance": 0.3, "error": 0.02, "good": 0.1, **more}


def data_of(n, reports=5):
    shown = trials(n, reports)
    return {"experiment": "made", "algorithm": "tpe", "reason": "ExperimentMaxTrialsReached", "message": "Done", "started": "2026-01-01T00:00:00.000Z",
            "ended": "2026-01-01T01:00:00.000Z", "elapsed": 3600, "good": True, "maximize": False, "goal": 0.4, "resource": None,
            "best": next((t["name"] for t in reversed(shown) if t["objective"] is not None), ""),
            "metrics": [{"name": "loss", "strategy": "min"}],
            "parameters": [parameter("lr", min="0.001", max="1", log=True), parameter("units", min="1", max="8"),
                           parameter("kind", numeric=False, list=["a", "b"])],
            "importance": {"observed": sum(t["objective"] is not None for t in shown), "sure": True, "noise": 0.0,
                           "pairs": [{"a": "lr", "b": "units", "share": 0.05}]},
            "contours": {"trials": n, "explained": 0.5, "log": True, "pairs": [
                {"x": {"name": "lr", "values": ["0.01", "0.1"]}, "y": {"name": "kind", "values": ["a", "b"]}, "mean": [1, 2, 3, 4], "sd": [2] * 4}]},
            "trials": shown}


@pytest.fixture
def show(browser, written):  # noqa: F811
    """Open a page with this data in the browser, which is given back."""
    folder, page, _ = written

    def opened(data, quiet=True):
        browser.media()
        browser.size(1200, 900)
        browser.open(page_of(folder, page, data))
        browser.run("drawAll()")
        if quiet:
            assert broken(browser) == [] and browser.complaints() == []
        return browser
    return opened


def broken(browser):  # noqa: F811
    """The cards that could not be drawn."""
    browser.run("drawAll()")
    return browser.run("[...document.querySelectorAll('.error')].map(e => (e.closest('section') || e.parentNode).id)")


def shown(browser):  # noqa: F811
    browser.run("drawAll()")
    return browser.run("[...document.querySelectorAll('section')].filter(s => !s.hidden).map(s => s.id.replace('card-', ''))")


def marks(browser, chart):  # noqa: F811
    browser.run("drawAll()")
    return int(browser.run(f"document.querySelector('#chart-{chart} canvas').dataset.marks"))


def rows(browser):  # noqa: F811
    browser.run("drawAll()")
    return browser.run("[...document.querySelectorAll('tr[data-trial]')].map(r => r.dataset.trial)")


def text_of(browser, selector):  # noqa: F811
    browser.run("drawAll()")
    return browser.run(f"document.querySelector({json.dumps(selector)}).textContent")


def rgb(color):
    return [int(n) for n in re.findall(r"\d+", color)[:3]]


# ---- what mushir writes ----

def test_a_report_draws_and_asks_for_nothing(browser, written):  # noqa: F811
    folder, page, data = written
    browser.open(folder / "small.html")
    assert broken(browser) == [] and browser.complaints() == []
    assert shown(browser) == CARDS
    assert len(rows(browser)) == 12 and marks(browser, "parallel") == 12 and marks(browser, "curves") == 12
    assert "</script>" in text_of(browser, "#card-table tbody")
    assert browser.requests() == [(folder / "small.html").as_uri()]
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page


def test_the_data_is_what_its_header_says(written):
    _, _, data = written
    assert data["metrics"] == [{"name": "loss", "strategy": "min"}] and data["resource"] is None
    assert [p["name"] for p in data["parameters"]] == ["x", "a<b>"]
    for t in data["trials"]:
        assert set(t) == {"name", "condition", "why", "started", "begin", "end", "seconds", "attempt", "objective", "metrics", "latest",
                          "assignments", "curve", "log"}
        assert 0 <= t["begin"] <= t["end"] <= data["elapsed"] + 1
        assert f"loss={t['latest'][0]}" in t["log"]
        assert min(t["curve"]) == pytest.approx(t["objective"], rel=1e-6) and t["curve"][-1] == pytest.approx(float(t["latest"][0]), rel=1e-6)


def test_long_curves_and_logs_are_cut_by_the_stated_rules(tmp_path):
    script = "seq 3000 | sed s/^/loss=/; echo loss=-5; seq 3000 | sed s/^/loss=1/"
    assert run("run", write(tmp_path, GOOD), "--quiet", "--", "sh", "-c", script).returncode == 0
    data = json.loads(DATA.search((tmp_path / "small.html").read_text())[2])
    for t in data["trials"]:
        assert len(t["curve"]) == len(t["at"]) <= 500 and t["at"][0] == 1 and t["at"][-1] == 6001
        assert t["at"][t["curve"].index(-5)] == 3001
        assert len(t["log"]) <= 4096 and t["log"].endswith("loss=13000\n") and t["log"].startswith("loss=1")


# ---- each card alone ----

BREAKS = {  # data -> the cards that stand on what is broken
    "header": (lambda d: d.update(reason=None), {"header"}),
    "curves": (lambda d: d["trials"][0].update(curve=None), {"curves"}),
    "latest": (lambda d: d["trials"][-1].update(latest=None), {"best", "table"}),
    "list": (lambda d: d["parameters"][2].update(list=None), {"parallel", "contour", "scatter"}),
}


@pytest.mark.parametrize("what", BREAKS)
def test_broken_data_fails_the_cards_that_stand_on_it_and_no_other(show, what):
    data, (spoil, cards) = data_of(20), BREAKS[what]
    spoil(data)
    page = show(data, quiet=False)
    assert set(broken(page)) == {f"card-{name}" for name in cards}
    assert set(shown(page)) == set(CARDS)


def test_a_card_that_throws_leaves_the_others(show):
    page = show(data_of(20))
    for card in CARDS:
        page.run(f"window.kept = {card}Card.draw; {card}Card.draw = () => {{ throw new Error('<b>no</b>'); }}; redraw(); drawAll(); {card}Card.draw = kept")
        assert broken(page) == [f"card-{card}"] and set(shown(page)) == set(CARDS)
        assert "could not be drawn (<b>no</b>)" in text_of(page, f"#card-{card}")
    page.run("redraw()")
    assert broken(page) == []


def test_data_that_is_none_is_said_and_the_page_goes_on_with_better(show):
    page = show(data_of(5) | {"trials": None}, quiet=False)
    assert broken(page) == ["fault"]
    page.run(f"mushirReport.render({json.dumps(data_of(5))})")
    assert broken(page) == [] and len(rows(page)) == 5


# ---- numbers ----

@pytest.mark.parametrize("values", [(1e16, 1e16 + 2), (1e300, -1e300), (1.7e308, -1.7e308), (5e-324, 0), (1e16, 1e16), (1e-300, 1e300)])
def test_the_page_draws_numbers_too_near_or_too_far_from_each_other(show, values):
    data = data_of(4)
    for i, t in enumerate(data["trials"]):
        t.update(objective=values[i % 2], metrics=[repr(values[i % 2])], curve=list(values))
    page = show(data)
    assert len(rows(page)) == 4 and marks(page, "history") == 4 and marks(page, "parallel") == 4


def test_the_page_draws_a_quarter_of_a_million_numbers(show):
    data = data_of(4)
    for t in data["trials"]:
        t["curve"] = [1 / (i + 1) for i in range(62500)]
    assert marks(show(data), "curves") == 4


def test_ten_thousand_trials_stay_usable(show):
    page = show(data_of(10000, reports=25))
    assert marks(page, "history") == 10000 and marks(page, "parallel") == 9000 and marks(page, "curves") == 2001  # the best is among them
    assert text_of(page, "#card-curves .note") == "2001 of 10000 curves are drawn, evenly by number."
    assert "more than 2000 lines" in text_of(page, "#card-parallel > .note")
    assert len(rows(page)) == 50 and "page 1 of 200" in text_of(page, "#table-count")
    assert page.run("document.querySelectorAll('*').length") < 3000
    page.run("document.getElementById('filter').focus()")
    page.type("condition=Failed")
    assert "1000 of 10000" in text_of(page, "#table-count") and rows(page)[0] == "t-00003"


@pytest.mark.parametrize("n", [1, 1999, 2000, 2001, 3001, 10000])
def test_lines_are_thinned_evenly_and_the_best_stays(show, n):
    page = show(data_of(3))
    kept = page.run(f"thinned([...Array({n}).keys()], 7)")
    assert len(kept) in (min(n, 2000), min(n, 2000) + 1) and (n <= 7 or 7 in kept) and kept[0] == 0
    assert max(b - a for a, b in zip(kept, kept[1:] + [n])) <= -(-n // 2000)


# ---- what is drawn when ----

EMPTY = "[...document.querySelectorAll('#main > section:empty:not([hidden])')].map(n => n.id.replace('card-', ''))"
NO_FRAMES = """performance.now = () => 0; window.frame = window.requestAnimationFrame; window.requestAnimationFrame = f => { window.asked = f; };
    document.querySelectorAll('#main > section').forEach(n => n.replaceChildren()); due = false; redraw()"""


def without_frames(page):
    """Have the page begin anew with frames that only the test gives, and time enough for what is in sight; no frame of its own may still be to come."""
    page.until("waiting.length == 0 && !due")
    page.run(NO_FRAMES)


def test_cards_out_of_sight_wait_for_a_frame_each(show):
    page = show(data_of(40))
    page.size(1200, 400)
    without_frames(page)
    empty = page.run(EMPTY)
    assert "header" not in empty and empty[-6:] == ["importance", "parallel", "contour", "scatter", "timeline", "table"]
    page.run("document.getElementById('card-table').scrollIntoView()")
    page.run("asked()")  # what is looked at is drawn before what is not
    page.until(f"{EMPTY}.length == {len(empty) - 1}")
    assert set(empty) - set(page.run(EMPTY)) <= {"timeline", "table"}
    page.run("window.requestAnimationFrame = window.frame; asked()")
    page.until("waiting.length == 0")
    assert page.run(EMPTY) == [] and page.complaints() == []


def test_a_brush_draws_cards_out_of_sight_anew(show):
    page = show(data_of(40))
    page.run("state.filter = 'condition=Failed'; redraw()")
    page.until("waiting.length == 0")
    assert "4 of 40" in page.run("document.getElementById('table-count').textContent")


@pytest.mark.parametrize("how", ["dispatchEvent(new Event('beforeprint'))", None])
def test_all_is_drawn_before_it_is_printed(show, how):
    page = show(data_of(40))
    without_frames(page)
    assert page.run(EMPTY)
    if how:
        page.run(how)
    else:
        page.call("Page.printToPDF")
    assert page.run(EMPTY) == []


# ---- hostile names ----

def test_names_values_and_logs_from_people_stay_text(show):
    data = data_of(6)
    data.update(experiment=HOSTILE, message=HOSTILE, algorithm=HOSTILE)
    data["metrics"][0]["name"] = HOSTILE
    data["parameters"].append(parameter(HOSTILE, numeric=False, list=[HOSTILE, "x"]))
    for t in data["trials"]:
        t.update(name=t["name"] + HOSTILE, why=HOSTILE, log=HOSTILE, metrics=[t["metrics"][0]], condition=t["condition"])
        t["assignments"][HOSTILE] = HOSTILE
    data["best"] = data["trials"][-1]["name"]
    page = show(data)
    page.press("#best-open")
    assert text_of(page, "#detail-log") == HOSTILE
    assert page.run("document.querySelectorAll('img').length") == 0 and not page.run("Boolean(window.hacked)")


def test_the_policy_refuses_what_is_not_the_pages_own(show):
    page = show(data_of(3))
    page.run("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hacked = 1' }))")
    page.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked=1\">')")
    page.run("new Promise(done => setTimeout(done, 50))")
    assert not page.run("Boolean(window.hacked)")
    assert any("Content Security Policy" in c for c in page.complaints())


# ---- brushing, order ----

def rail(page, axis):
    return page.box(f".rail[data-axis='{axis}']")


def axis_names(page):
    return page.run("[...document.querySelectorAll('#chart-parallel .handle')].map(n => n.textContent)")


def test_a_brush_chooses_trials_everywhere_and_a_click_clears_it(show):
    page = show(data_of(40))
    assert marks(page, "parallel") == 36
    left, top, width, height = rail(page, "units")  # 1 to 8: the lower half is 1 to 4
    page.drag((left + width / 2, top + height * 0.51), (left + width / 2, top + height * 0.999))
    chosen = [t for t in data_of(40)["trials"] if int(t["assignments"]["units"]) <= 4]
    assert rows(page) == [t["name"] for t in chosen]
    assert marks(page, "parallel") == sum(t["objective"] is not None for t in chosen)
    assert f"{len(chosen)} of 40" in text_of(page, "#brush-count")
    left, top, width, height = rail(page, "kind")  # a and b: the lower half is a, which every other trial has
    page.drag((left + width / 2, top + height * 0.51), (left + width / 2, top + height * 0.999))
    assert rows(page) == [t["name"] for t in chosen if t["assignments"]["kind"] == "a"]
    left, top, width, height = rail(page, "kind")
    page.click(left + width / 2, top + height * 0.3)
    assert len(rows(page)) == len(chosen)
    page.press("#brush-clear")
    assert len(rows(page)) == 40


def test_axes_change_places_by_mouse_and_by_keyboard(show):
    page = show(data_of(10))
    assert axis_names(page) == ["lr", "units", "kind", "loss"]
    target = rail(page, "kind")
    left, top, width, height = page.box("#axis-lr")
    page.drag((left + width / 2, top + height / 2), (target[0] + target[2] / 2, top + height / 2))
    assert axis_names(page) == ["units", "kind", "lr", "loss"]
    page.run("document.getElementById('axis-loss').focus()")
    page.key("ArrowLeft")
    page.key("ArrowLeft")  # the keyboard stays on the axis that moved
    assert axis_names(page) == ["units", "loss", "kind", "lr"]


def test_an_axis_dropped_at_its_own_place_opens_no_trial(show):
    page = show(data_of(10))
    left, top, width, height = page.box("#chart-parallel")
    name, mark = ((left + x * width / 1060, top + y * height / 340) for x, y in [(10, 12), (36, 330)])
    page.drag(name, mark)
    assert axis_names(page) == ["lr", "units", "kind", "loss"] and not page.run("document.getElementById('detail').open")
    page.click(*mark)  # it is near enough to one
    assert page.run("document.getElementById('detail').open")


def test_a_brush_by_keyboard(show):
    page = show(data_of(40))
    page.run("document.getElementById('axis-units').focus()")
    for _ in range(5):
        page.key("ArrowDown")
    assert {t["assignments"]["units"] for t in data_of(40)["trials"] if t["name"] in rows(page)} == {"1", "2", "3", "4"}
    assert page.run("document.activeElement.id") == "axis-units"
    page.key("Delete")
    assert len(rows(page)) == 40


def test_new_data_keeps_what_people_chose(show):
    page = show(data_of(40))
    page.run("document.getElementById('axis-kind').focus()")
    page.key("ArrowLeft")
    page.key("ArrowUp")
    for _ in range(4):
        page.key("ArrowUp")
    page.run("document.getElementById('filter').focus()")
    page.type("t-000")
    before, order = rows(page), axis_names(page)
    page.run(f"mushirReport.render({json.dumps(data_of(60))})")
    assert axis_names(page) == order == ["lr", "kind", "units", "loss"]
    assert rows(page)[:len(before)] == before and "of 60 trials" in text_of(page, "#table-count")
    assert page.run("[document.activeElement.id, document.activeElement.value, document.activeElement.selectionStart]") == ["filter", "t-000", 5]


def test_new_data_waits_for_the_end_of_a_drag(show):
    page = show(data_of(40))
    left, top, width, height = rail(page, "units")
    start, end = (left + width / 2, top + height * 0.51), (left + width / 2, top + height * 0.999)
    page.mouse("mouseMoved", *start)
    page.mouse("mousePressed", *start, buttons=1)
    page.run(f"mushirReport.render({json.dumps(data_of(60))})")
    assert "of 40 trials" in text_of(page, "#table-count")
    page.mouse("mouseMoved", *end, buttons=1)
    page.mouse("mouseReleased", *end)
    assert "of 60 trials" in text_of(page, "#table-count")
    assert rows(page)[:4] == ["t-00000", "t-00001", "t-00002", "t-00003"] and "t-00004" not in rows(page)


def test_a_card_that_waits_is_not_replaced_during_a_drag(show):
    page = show(data_of(40))
    left, top, width, height = rail(page, "units")
    page.mouse("mouseMoved", left + width / 2, top + height * 0.51)
    page.mouse("mousePressed", left + width / 2, top + height * 0.51, buttons=1)
    assert page.run("state.dragging")
    page.run("window.dragged = document.getElementById('axis-units'); waiting = [parallelCard]; drawLater()")
    page.run("new Promise(done => { let n = 6; const on = () => n-- ? requestAnimationFrame(() => setTimeout(on)) : done(true); on(); })")
    assert page.run("dragged.isConnected && waiting.length === 1")
    page.mouse("mouseReleased", left + width / 2, top + height * 0.51)
    page.until("waiting.length === 0")


# ---- the table ----

def test_filter_sort_and_pages(show):
    page = show(data_of(120))
    assert len(rows(page)) == 50
    page.press("#page-next")
    assert rows(page)[0] == "t-00050"
    page.run("document.getElementById('filter').focus()")
    page.type("kind=b loss<0.9 succ")
    wanted = [t["name"] for t in data_of(120)["trials"] if t["assignments"]["kind"] == "b" and float(t["metrics"][0]) < 0.9 and t["condition"] == "Succeeded"]
    assert f"{len(wanted)} of 120 trials, page 1" in text_of(page, "#table-count") and rows(page) == wanted[:50]
    page.press("#sort-2")
    assert rows(page)[0] == wanted[-1]
    page.press("#sort-2")
    assert rows(page)[0] == wanted[0]
    assert page.run("document.querySelector('th[aria-sort]').getAttribute('aria-sort')") == "descending"


def test_metrics_are_labelled_with_their_strategy_and_stand_beside_the_latest(show):
    page = show(data_of(5))
    heads = page.run("[...document.querySelectorAll('thead button')].map(b => b.textContent)")
    assert heads == ["trial", "condition", "loss (min)", "latest loss", "time", "lr", "units", "kind"]
    assert page.run("[...document.querySelector('tr[data-trial]').cells].slice(2, 4).map(c => c.textContent)") == ["1", "1.5"]


def test_csv_holds_the_chosen_trials_and_no_formula(show):
    data = data_of(5)
    data["trials"][0]["assignments"]["kind"] = '=HYPERLINK("x")'
    data["trials"][1]["assignments"]["lr"] = "-0.5"
    page = show(data)
    text = page.run("csvOf(current, sortedRows(current))")
    lines = text.split("\r\n")
    assert lines[0] == "trial,condition,loss (min),latest loss,time,lr,units,kind" and len(lines) == 7 and lines[-1] == ""
    assert lines[1].endswith(',"\'=HYPERLINK(""x"")"') and ",-0.5," in lines[2]
    page.run("""document.addEventListener('click', e => { if (e.target.download) window.saved = e.target.download; }, true);
                HTMLAnchorElement.prototype.click = function () { window.saved = this.download; }""")
    page.press("#csv")
    assert page.run("window.saved") == "made.csv"


# ---- details, tooltips, keyboard ----

def test_details_of_a_trial_with_the_end_of_its_log(show):
    page = show(data_of(12))
    page.run("document.getElementById('open-t-00003').focus()")
    page.key("Enter")
    assert text_of(page, "#detail-name") == "t-00003" and text_of(page, "#detail-log") == "line one\nend of 3"
    assert "exit code 1" in text_of(page, "#detail") and "loss (latest)" in text_of(page, "#detail")
    page.press("#detail-next")
    assert text_of(page, "#detail-name") == "t-00004" and page.run("document.activeElement.id") == "detail-next"
    page.run(f"mushirReport.render({json.dumps(data_of(13))})")
    assert text_of(page, "#detail-name") == "t-00004" and page.run("document.getElementById('detail').open")
    page.key("Escape")
    page.until("!document.getElementById('detail').open")


def test_a_chart_tells_what_is_under_the_pointer_and_by_keyboard(show):
    page = show(data_of(12))
    left, top, width, height = page.box("#chart-history")
    at = page.run("(() => { const c = document.querySelector('#chart-history .path').getAttribute('d').match(/[\\d.]+/g); return [Number(c[0]), Number(c[1])]; })()")
    page.mouse("mouseMoved", left + at[0] * width / 720, top + at[1] * height / 300)
    assert text_of(page, "#tip").startswith("t-00000 (Succeeded)\nloss = 1.0") and not page.run("document.getElementById('tip').hidden")
    page.run("document.getElementById('chart-history').focus()")
    for key in ("End", "ArrowLeft"):
        page.key(key)
    assert text_of(page, "#tip").startswith("t-00010")
    page.key("Enter")
    assert text_of(page, "#detail-name") == "t-00010"


def test_everything_that_answers_has_a_role_and_a_name(show):
    page = show(data_of(12))
    nameless = page.run("""[...document.querySelectorAll('button, input, select, [tabindex], section, dialog')].filter(n => !n.hidden
        && !(n.getAttribute('aria-label') || n.getAttribute('aria-labelledby') || n.textContent.trim())).map(n => n.outerHTML.slice(0, 80))""")
    assert nameless == []
    assert page.run("[...document.querySelectorAll('[tabindex]')].filter(n => !n.getAttribute('role') && n.tagName != 'PRE').length") == 0
    ids = page.run("[...document.querySelectorAll('[id]')].map(n => n.id)")
    assert len(ids) == len(set(ids))


# ---- importance, timeline, rungs, contour ----

def test_importance_shows_errors_pairs_and_what_matters_among_the_good(show):
    data = data_of(12)
    for p, share in zip(data["parameters"], (0.2, 0.5, 0)):
        p.update(importance=share, error=0.1, good=0.25)
    data["importance"] = {"observed": 12, "sure": False, "noise": 0, "pairs": [{"a": "lr", "b": "units", "share": 0.1234}, {"a": "lr", "b": "kind", "share": 0.001}]}
    page = show(data)
    names = page.run("[...document.querySelectorAll('#chart-importance .name')].map(n => n.textContent)")
    assert names == ["units", "lr", "kind"]
    widths = [page.run(f"[...document.querySelectorAll('#chart-importance .{c}')].map(n => Number(n.getAttribute('width')))") for c in ("bar:not(.among)", "among")]
    assert widths[0] == pytest.approx([112.5, 45, 1]) and widths[1] == pytest.approx([56.25] * 3)  # of 135, which are 0.6
    whiskers = page.run("[...document.querySelectorAll('#chart-importance .whisker')].map(n => n.getAttribute('x2') - n.getAttribute('x1'))")
    assert whiskers == pytest.approx([45, 45, 22.5])  # twice the error, but not below 0
    note = text_of(page, "#card-importance .note")
    assert "lr and units together: 12 % more." in note and "kind" not in note and note.endswith("Only 12 trials have a value: a guess.")
    data["importance"]["sure"] = True
    assert "a guess" not in text_of(show(data), "#card-importance .note")


def test_the_timeline_gives_each_trial_the_first_free_worker(show):
    data = data_of(4)
    for t, (begin, end) in zip(data["trials"], [(0, 10), (1, 3), (3, 12), (11, None)]):
        t.update(begin=begin, end=end)
    data["trials"][3].update(condition="Running", objective=None)
    data["elapsed"] = 20
    page = show(data)
    assert "2 workers" in text_of(page, "#title-timeline")
    assert page.run("lanesOf(current).bars.map(b => [b.trial.name, b.lane, b.end])") == [
        ["t-00000", 0, 10], ["t-00001", 1, 3], ["t-00002", 1, 12], ["t-00003", 0, 20]]
    assert marks(page, "timeline") == 4
    page.run("document.getElementById('chart-timeline').focus()")
    page.key("+")
    assert marks(page, "timeline") == 3  # from 5 s to 15 s: the second is over


def halving():
    """Nine configurations with 1 epoch, three of them again with 3, one with 9."""
    data = data_of(13)
    data["resource"], data["contours"] = "epochs", None
    data["parameters"] = [parameter("lr", min="0", max="1"), parameter("epochs", min="1", max="9")]
    for i, t in enumerate(data["trials"]):
        level, number = (1, i) if i < 9 else (3, i - 9) if i < 12 else (9, 0)
        t.update(objective=(number + 1) / level, condition="Succeeded", assignments={"lr": f"0.{number + 1}", "epochs": str(level)})
    data["best"] = data["trials"][-1]["name"]
    return data


def test_rungs_show_levels_and_promotions(show):
    page = show(halving())
    assert page.run("rungsOf(current).map(r => [r.level, r.trials.length, r.promoted])") == [["1", 9, 3], ["3", 3, 1], ["9", 1, 0]]
    assert marks(page, "rungs") == 13
    assert page.run("document.querySelector('#chart-rungs canvas').dataset.promotions") == "4"
    assert "epochs 3: 3 trials, 1 promoted" in page.run("document.getElementById('chart-rungs').getAttribute('aria-label')")
    assert "rungs" not in shown(show(data_of(5)))


def test_hyperbands_resource_is_in_the_data(tmp_path):
    text = (GOOD.replace("algorithmName: random", 'algorithmName: hyperband, algorithmSettings: [{name: r_l, value: "4"}, {name: resource_name, value: epochs}, {name: eta, value: "2"}]')
            + '    - {name: epochs, parameterType: int, feasibleSpace: {min: "1", max: "4"}}\n').replace("parallelTrialCount: 2", "parallelTrialCount: 4")
    assert run("run", write(tmp_path, text), "--quiet", "--", "sh", "-c", PRINTS).returncode == 0
    data = json.loads(DATA.search((tmp_path / "small.html").read_text())[2])
    assert data["resource"] == "epochs"


def with_contours():
    data = data_of(30)
    values = [str(0.05 + 0.1 * i) for i in range(10)]
    bowl = [(float(x) - 0.35) ** 2 + (float(y) - 0.65) ** 2 for y in values for x in values]
    sides = {"x": {"name": "a", "values": values}, "y": {"name": "b", "values": values}}
    kinds = {"x": {"name": "a", "values": values}, "y": {"name": "kind", "values": ["a", "b"]}}
    data["parameters"] = [parameter("a", min="0", max="1"), parameter("b", min="0", max="1"), data["parameters"][2]]
    for i, t in enumerate(data["trials"]):
        t["assignments"].update(a=str(i / 30), b=str(i * 7 % 30 / 30))
    data["contours"] = {"trials": 27, "explained": 0.876, "log": False, "pairs": [
        {**sides, "mean": bowl, "sd": [0.01] * 99 + [0.05]}, {**kinds, "mean": [1.0] * 10 + [None] * 10, "sd": [0.1] * 20}]}
    return data


def test_contours_of_two_parameters(show):
    page = show(with_contours())
    canvas = "document.querySelector('#chart-contour canvas')"
    assert page.run(f"{canvas}.dataset.cells") == "100" and marks(page, "contour") == 27
    assert "left out it predicts 88 %" in text_of(page, "#card-contour .note")
    assert page.run("gridOf(current, current.data.contours.pairs[0]).x.edges.map(e => Math.round(100 * e))") == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    # the bowl's lines of equal value are circles about its middle
    radii = page.run("""(() => { const g = gridOf(current, current.data.contours.pairs[0]), c = { x: u => u, y: u => u }, out = [];
        for (let j = 0; j < 9; j++) for (let i = 0; i < 9; i++) for (const [x, y] of crossings(c, g, current.data.contours.pairs[0].mean, 0.04, i, j))
            out.push(Math.hypot(x - 0.35, y - 0.65)); return out; })()""")
    assert len(radii) >= 16 and len(radii) % 2 == 0 and all(abs(r - 0.2) < 0.02 for r in radii)
    page.run("document.getElementById('contour-pair').focus()")
    page.run("(s => { s.value = 'a and kind'; s.dispatchEvent(new Event('change')); })(document.getElementById('contour-pair'))")
    assert page.run(f"{canvas}.dataset.cells") == "20" and page.run("document.activeElement.id") == "contour-pair"
    page.run("(s => { s.value = 'sd'; s.dispatchEvent(new Event('change')); })(document.getElementById('contour-layer'))")
    assert "Uncertainty is the size of a standard deviation" in text_of(page, "#card-contour .note")


KNOWN = {  # a command's awk, the same in Python, whether it spans decades
    "bowl": ("1 + (x - 0.3) ^ 2 + y / 2 + z / 10", lambda x, y, z: 1 + (x - 0.3) ** 2 + y / 2 + z / 10, False),
    "decades": ("10 ^ (3 * x + y)", lambda x, y, z: 10 ** (3 * x + y), True),
}


@pytest.mark.parametrize("kind", ["minimize", "maximize"])
@pytest.mark.parametrize("name", KNOWN)
def test_contours_are_near_the_function_that_made_the_trials(tmp_path, name, kind):
    formula, function, log = KNOWN[name]
    text = (GOOD.replace("maxTrialCount: 4", "maxTrialCount: 40").replace("type: minimize", f"type: {kind}").replace("parallelTrialCount: 2", "parallelTrialCount: 4")
            + '    - {name: w, parameterType: double, feasibleSpace: {min: "0", max: "1"}}\n    - {name: z, parameterType: int, feasibleSpace: {min: "1", max: "3"}}\n')
    command = f"awk 'BEGIN {{ x = ${{trialParameters.x}}; y = ${{trialParameters.w}}; z = ${{trialParameters.z}}; print \"loss=\" {formula} }}'"
    assert run("run", write(tmp_path, text), "--quiet", "--", "sh", "-c", command).returncode == 0
    data = json.loads(DATA.search((tmp_path / "small.html").read_text())[2])
    contours, best = data["contours"], next(t for t in data["trials"] if t["name"] == data["best"])
    z = int(best["assignments"]["z"])  # where the others are cut
    assert contours["log"] == log and contours["trials"] == 40 and contours["explained"] > 0.8
    assert [{p["x"]["name"], p["y"]["name"]} for p in contours["pairs"]][0] == {"x", "w"} and len(contours["pairs"]) == 3
    first = contours["pairs"][0]
    xs, ys = (first["x"], first["y"]) if first["x"]["name"] == "x" else (first["y"], first["x"])
    assert len(xs["values"]) == len(ys["values"]) == 24
    places = [(float(a), float(b)) for b in first["y"]["values"] for a in first["x"]["values"]]
    truth = [function(*(p if xs is first["x"] else p[::-1]), z) for p in places]
    miss = [math.log(m / t) if log else m - t for m, t in zip(first["mean"], truth)]
    span = math.log(1e4) if log else max(truth) - min(truth)
    assert sum(abs(d) < 0.05 * span for d in miss) > 0.9 * len(miss)
    assert all(d >= (1 if log else 0) for d in first["sd"])
    others = contours["pairs"][1]
    assert [len(others[k]["values"]) for k in "xy" if others[k]["name"] == "z"] == [3]


def test_a_contour_tells_expectation_and_uncertainty_under_the_pointer(show):
    page = show(with_contours())
    assert page.run("cellText(current, current.data.contours.pairs[0], 99)") == "a = 0.95\nb = 0.95\nloss: 0.45 ± 0.05"


# ---- zoom, light, dark, print ----

def ticks(page, chart):
    return page.run(f"[...document.querySelectorAll('#chart-{chart} text')].map(t => t.textContent)")


def test_curves_zoom_by_mouse_and_keyboard(show):
    page = show(data_of(12, reports=100))
    whole = ticks(page, "curves")
    left, top, width, height = page.box("#chart-curves")
    page.drag((left + width * 0.2, top + height * 0.2), (left + width * 0.4, top + height * 0.6))
    zoomed = ticks(page, "curves")
    assert zoomed != whole and "100" in whole and "100" not in zoomed
    assert not page.run("document.getElementById('detail').open")
    page.press("#whole-curves")
    assert ticks(page, "curves") == whole
    page.run("document.getElementById('chart-curves').focus()")
    page.key("+")
    assert ticks(page, "curves") != whole and page.run("document.activeElement.id") == "chart-curves"
    page.key("0")
    assert ticks(page, "curves") == whole


def test_light_dark_and_print(show):
    page = show(data_of(12))
    ground = "getComputedStyle(document.querySelector('section.wide')).backgroundColor"
    pixel = """(() => { const n = document.querySelector('#chart-parallel canvas'), d = n.getContext('2d').getImageData(0, 0, n.width, n.height).data;
        let sum = 0; for (const v of d) sum += v; return sum; })()"""
    light, drawn = page.run(ground), page.run(pixel)
    page.media("dark")
    page.until(f"{ground} != {json.dumps(light)}")
    assert sum(rgb(light)) > 700 > 200 > sum(rgb(page.run(ground)))
    assert page.run(pixel) > 0 and drawn > 0
    assert page.run("colors().ink") == "rgb(230, 235, 242)" and page.run("document.getElementById('main').style.color") == ""
    page.media("dark", "print")
    page.until(f"{ground} == {json.dumps(light)}")
    assert page.run("getComputedStyle(document.querySelector('#card-table .tools')).display") == "none"


def test_every_chart_is_drawn(show):
    """A canvas without a pixel would pass all else."""
    page = show(data_of(12))
    blank = page.run("""[...document.querySelectorAll('canvas')].filter(n => n.closest('.chart').id != 'chart-importance'
        && !n.getContext('2d').getImageData(0, 0, n.width, n.height).data.some(Boolean)).map(n => n.closest('.chart').id)""")
    assert blank == []


def test_the_browser_tells_what_a_page_throws(show):
    page = show(data_of(3))
    with pytest.raises(Failed, match="nonsense"):
        page.run("nonsense")
    page.run("setTimeout(() => { throw new Error('late') })")
    page.run("new Promise(done => setTimeout(done, 20))")
    assert any("late" in c for c in page.complaints())


def test_two_objectives_have_a_front(show):
    data = data_of(30)
    data["metrics"].append({"name": "size", "strategy": "latest"})
    data["objectives"], data["front"] = ["loss", "size"], [data["trials"][i]["name"] for i in (0, 5, 29)]
    for i, t in enumerate(data["trials"]):
        t["metrics"].append("" if i == 7 else repr(i * 1.5))
        t["latest"].append(t["metrics"][1])
    page = show(data)
    assert marks(page, "front") == 29  # one has no size
    assert page.run("document.querySelector('#chart-front canvas').dataset.front") == "3"
    assert "the front of 3" in page.run("document.getElementById('title-front').textContent")
    page.run("state.brushes.clear()")
    assert show(data_of(5)).run("document.getElementById('card-front').hidden")
