"""The page of mushir serve in a real browser: the list, the form, one experiment, several compared, logging in, the keyboard."""
import json

import pytest

from browser import browser  # noqa: F401
from serving import Server
from test_client import pytestmark as built  # noqa: F401
from test_serve import held, running, stubbed

pytestmark = built


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path, "--trials-at-a-time", 4) as served:
        yield served


def row(name):
    return f'document.querySelector(\'tr[data-experiment="{name}"]\')'


def remove(folder, name):
    """All that a user removes to be rid of an experiment."""
    for kind in ("journal", "yaml"):
        (folder / f"{name}.{kind}").unlink()


def fill(browser, selector, text):  # noqa: F811
    """Put |text| into a field, as if it was typed over what is there."""
    browser.run(f"document.querySelector({json.dumps(selector)}).select()")
    browser.type(text)


def test_the_list_is_live(server, browser, tmp_path):  # noqa: F811
    browser.visit(server.url)
    browser.until("document.getElementById('connection').textContent === 'live'")
    server.submit(held("live<b>".replace("<b>", ""), tmp_path))
    browser.until(f"{row('live')}?.textContent.includes('2 running')")
    assert browser.run(f"{row('live')}.querySelector('.state').textContent") == "running"
    (tmp_path / "go").touch()
    browser.until(f"{row('live')}.querySelector('.state').textContent === 'succeeded'")
    assert browser.run(f"{row('live')}.querySelector('progress').value") == 4 and "loss 0.25" in browser.run(f"{row('live')}.textContent")
    assert browser.complaints() == [] and all(url.startswith((server.url, "data:")) for url in browser.requests())


def test_buttons_by_keyboard(server, browser, tmp_path):  # noqa: F811
    server.submit(held("keys", tmp_path))
    server.until("keys", running(2))
    browser.visit(server.url)
    browser.until(f"{row('keys')}?.querySelector('button')")
    browser.run("document.querySelector('[aria-label=\"Stop keys\"]').focus()")
    browser.key("Enter")
    server.until("keys", "stopped")
    browser.until("document.querySelector('[aria-label=\"Resume keys\"]')")
    (tmp_path / "go").touch()
    browser.run("document.querySelector('[aria-label=\"Resume keys\"]').focus()")
    browser.key("Enter")
    server.until("keys", "succeeded")


def test_a_form_writes_an_experiment_that_runs(server, browser):  # noqa: F811
    browser.visit(server.url + "#/new")
    browser.until("document.getElementById('form')")
    fill(browser, "[name=command]", "echo loss={lr} #")
    fill(browser, "[name=experiment]", "formed")
    fill(browser, ".parameter [name=min]", "0.5")
    fill(browser, ".parameter [name=max]", "0.25")
    browser.key("Enter")
    browser.until("document.querySelector('#problems .error')")
    assert "lr" in browser.run("document.querySelector('#problems .error').textContent")
    fill(browser, ".parameter [name=max]", "1")
    fill(browser, "[name=trials]", "5")
    browser.key("Enter")
    browser.until("document.getElementById('yaml').value.includes('maxTrialCount: 5')")
    browser.until("document.getElementById('problems').textContent.includes('is valid')")
    good = browser.run("document.getElementById('yaml').value")
    line = good.splitlines().index("  parallelTrialCount: 1") + 1
    fill(browser, "#yaml", good.replace("parallelTrialCount: 1", "parallelTrialCount: none"))
    browser.until(f"document.querySelector('#problems .error')?.textContent.startsWith('line {line}: ')")
    assert browser.run("document.getElementById('submit').disabled")
    fill(browser, "#yaml", good)
    browser.until("!document.getElementById('submit').disabled && document.getElementById('problems').textContent.includes('is valid')")
    browser.press("#submit")
    browser.until("location.hash === '#/e/formed' && document.querySelector('h2 .state')?.textContent === 'succeeded'")
    assert server.entry("formed")["trials"] == {"total": 5, "Succeeded": 5}
    assert [text for text in browser.complaints() if "/api/v1/validate" not in text] == []  # the browser tells of the first answer's 422


def test_a_form_with_one_name_twice_is_no_experiment(server, browser):  # noqa: F811
    """Neither of the two is dropped without a word."""
    browser.visit(server.url + "#/new")
    browser.until("document.getElementById('form')")
    fill(browser, "[name=command]", "echo loss=")
    fill(browser, ".parameter [name=name]", "__proto__")
    browser.run("[...document.querySelectorAll('#form button')].find(b => b.textContent === 'Add one').click()")
    fill(browser, ".parameter:last-child [name=name]", "__proto__")
    for field, text in (("min", "0"), ("max", "1")):
        for which in ("first", "last"):
            fill(browser, f".parameter:{which}-child [name={field}]", text)
    browser.key("Enter")
    browser.until("document.querySelector('#problems .error')?.textContent === 'the parameter __proto__ is there twice'")
    assert browser.run("document.getElementById('submit').disabled")
    fill(browser, ".parameter:last-child [name=name]", "lr")
    browser.key("Enter")
    browser.until("document.getElementById('problems').textContent.includes('is valid')")
    written = browser.run("document.getElementById('yaml').value")
    assert 'name: "__proto__"' in written and 'name: "lr"' in written


def test_one_experiment_shows_its_report_and_takes_a_budget(server, browser):  # noqa: F811
    server.submit(stubbed("one"))
    server.until("one", "succeeded")
    browser.visit(server.url + "#/e/one")
    browser.until("document.querySelector('iframe')?.src.endsWith('/report.html') && document.querySelector('path.best')")
    assert browser.run("document.querySelector('iframe').contentDocument") is None  # it has no part in this page's origin
    fill(browser, "input[type=number]", "6")
    browser.run("[...document.querySelectorAll('button')].find(b => b.textContent === 'Raise the budget').click()")
    browser.until("document.querySelector('main').textContent.includes('6 of 6')")
    assert server.entry("one")["trials"] == {"total": 6, "Succeeded": 6}
    fill(browser, "input[type=number]", "2")
    browser.run("[...document.querySelectorAll('button')].find(b => b.textContent === 'Raise the budget').click()")
    browser.until("document.getElementById('notice').textContent.includes('6 already')")


def test_a_reply_that_events_have_overtaken_tells_nothing_old(server, browser):  # noqa: F811
    server.submit(stubbed("one"))
    server.until("one", "succeeded")
    browser.visit(server.url + "#/e/one")
    browser.until("document.querySelector('main').textContent.includes('4 of 4')")
    browser.run("""(() => {
        const original = window.fetch;
        window.fetch = async (path, options) => {
            const reply = await original(path, options);
            if (options?.method === "PATCH") await new Promise(done => { window.release = done; });
            return reply;
        };
    })()""")
    fill(browser, "input[type=number]", "6")
    browser.run("[...document.querySelectorAll('button')].find(b => b.textContent === 'Raise the budget').click()")
    browser.until("window.release && document.querySelector('main').textContent.includes('6 of 6')")
    browser.run("window.release()")
    browser.until("document.querySelector('input[type=number]').value === ''")
    assert browser.run("document.querySelector('main').textContent.includes('6 of 6')")


def test_a_row_goes_with_its_files(server, browser, tmp_path):  # noqa: F811
    server.submit(stubbed("gone"))
    server.until("gone", "succeeded")
    browser.visit(server.url)
    browser.until("document.querySelector('[data-experiment=gone]')")
    remove(tmp_path, "gone")
    browser.until("!document.querySelector('[data-experiment=gone]')")
    assert browser.run("document.getElementById('main').textContent").find("No experiment yet.") >= 0


def test_the_page_of_one_says_that_it_is_gone(server, browser, tmp_path):  # noqa: F811
    server.submit(stubbed("gone"))
    server.until("gone", "succeeded")
    browser.visit(server.url + "#/e/gone")
    browser.until("document.querySelector('h2 .state')?.textContent === 'succeeded' && document.querySelector('path.best')")
    remove(tmp_path, "gone")
    browser.until("document.querySelector('h2').textContent === 'gone is gone'")
    assert browser.run("document.querySelectorAll('main iframe:not([hidden]), main span:not([hidden]) button').length") == 0


def test_without_its_journal_one_is_stopped_and_nothing_old_is_drawn(server, browser, tmp_path):  # noqa: F811
    server.submit(stubbed("bare"))
    server.until("bare", "succeeded")
    browser.visit(server.url + "#/e/bare")
    browser.until("document.querySelector('path.best')")
    (tmp_path / "bare.journal").unlink()
    browser.until("document.querySelector('h2 .state')?.textContent === 'stopped' && !document.querySelector('path.best')")
    assert browser.run("document.querySelectorAll('main iframe:not([hidden])').length") == 0
    browser.run("[...document.querySelectorAll('button')].find(b => b.textContent === 'Resume').click()")
    browser.until("document.querySelector('h2 .state').textContent === 'succeeded' && document.querySelector('path.best')")
    assert browser.run("document.querySelectorAll('main iframe:not([hidden])').length") == 1


def test_what_went_while_nobody_was_connected_goes(browser, tmp_path):  # noqa: F811
    with Server(tmp_path) as server:
        for name in ("gone", "kept"):
            server.submit(stubbed(name))
            server.until(name, "succeeded")
        browser.visit(server.url)
        browser.until(f"{row('gone')} && {row('kept')}")
    remove(tmp_path, "gone")
    with Server(tmp_path, port=server.port) as again:
        assert again.entry("kept")["state"] == "succeeded"
        browser.until(f"!{row('gone')}")
        assert browser.run(f"{row('kept')} !== null")


@pytest.mark.parametrize("address, heading", [("#/e/%", "there is no"), ("#/e", "Experiments"), ("#/compare/a,%", "Best value so far"), ("#/compare", "Experiments")])
def test_an_address_that_names_nothing_is_no_fault(server, browser, address, heading):  # noqa: F811
    browser.visit(server.url + address)
    browser.until("document.querySelector('#main h2')?.textContent")
    assert heading in browser.run("document.querySelector('#main h2').textContent")
    assert not any("rror:" in c for c in browser.complaints())


def test_what_is_being_pressed_stays_when_news_come(server, browser):  # noqa: F811
    server.submit(stubbed("one"))
    server.until("one", "succeeded")
    browser.visit(server.url)
    browser.until(f"{row('one')}?.textContent.includes('4 of 4')")
    browser.run("window.box = document.querySelector('[aria-label=\"compare one\"]')")
    server.ask("PATCH", "experiments/one", {"maxTrialCount": 6})
    browser.until(f"{row('one')}?.textContent.includes('6 of 6')")
    assert browser.run("window.box.isConnected")


def test_several_are_compared(server, browser):  # noqa: F811
    for name in ("left", "right"):
        server.submit(stubbed(name))
    for name in ("left", "right"):
        server.until(name, "succeeded")
    browser.visit(server.url)
    browser.until(f"{row('left')} && {row('right')}")
    for name in ("left", "right"):
        browser.press(f'[aria-label="compare {name}"]')
    browser.run("[...document.querySelectorAll('button')].find(b => b.textContent === 'Compare').click()")
    browser.until("document.querySelectorAll('path.best').length === 2")
    assert browser.run("[...document.querySelectorAll('path.best')].map(p => p.dataset.experiment)") == ["left", "right"]
    assert "left (minimize loss)" in browser.run("document.querySelector('.legend').textContent")


def test_of_several_compared_one_goes(server, browser, tmp_path):  # noqa: F811
    for name in ("left", "right"):
        server.submit(stubbed(name))
        server.until(name, "succeeded")
    browser.visit(server.url + "#/compare/left,right")
    browser.until("document.querySelectorAll('path.best').length === 2 && document.getElementById('connection').textContent === 'live'")
    remove(tmp_path, "left")
    browser.until("document.querySelectorAll('path.best').length === 1")
    assert browser.run("document.querySelector('path.best').dataset.experiment") == "right"


def test_a_token_is_asked_for_once(browser, tmp_path):  # noqa: F811
    (tmp_path / "token").write_text("a token of the tests\n")
    with Server(tmp_path / "folder", "--token-file", tmp_path / "token") as server:
        browser.visit(server.url)
        browser.until("document.getElementById('login')")
        browser.type("not the token")
        browser.key("Enter")
        browser.until("!document.getElementById('notice').hidden")
        fill(browser, "#login input", "a token of the tests")
        browser.key("Enter")
        browser.until("document.querySelector('main').textContent.includes('No experiment yet')")
        browser.visit(server.url)
        browser.until("document.querySelector('main').textContent.includes('No experiment yet')")
        assert browser.run("document.cookie") == ""  # no script reads it


def test_where_nothing_may_be_changed_there_are_no_buttons(browser, tmp_path):  # noqa: F811
    with Server(tmp_path) as server:
        server.submit(stubbed("seen", trials=2))
        server.until("seen", "succeeded")
    with Server(tmp_path, "--read-only") as server:
        browser.visit(server.url)
        browser.until(row("seen"))
        assert browser.run(f"{row('seen')}.querySelectorAll('button').length") == 0 and browser.run("document.getElementById('new-link').hidden")
