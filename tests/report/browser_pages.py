"""What tests read from a page in a browser."""


def violations(axe, page):
    found = axe.run(page).response["violations"]
    return [
        (v["id"], v["impact"], n["html"], n["failureSummary"]) for v in found for n in v["nodes"]
    ]


def count(page):
    return page.locator("#count").inner_text()


def focused(page, name):
    """Wait until an element has the focus: the page moves it once it has drawn."""
    page.wait_for_function("name => document.activeElement.id === name", arg=name)
