"""The console: pages for people over the same data, with the same rights, as the API. Works with scripts off.

**Adding a page.** A module has a :class:`~ads.console.pages.Pages`, which ``application.py`` lists in ``PAGES``::

    pages = Pages()

    @pages.page("/deployments", "deployments.html", nav="deployments")
    def deployments(visit: Visit) -> dict[str, Any]:
        found = visit.get("/openads/v1/…", limit=50)  # the API, as this visitor: raises AdsError as the API would
        return {"title": "Deployments", "deployments": found["items"]}

What a page returns is its JSON twin (``/console/deployments.json``, or without ``text/html`` in ``Accept``), so it
holds texts, numbers, lists and dicts, times as the API writes them, and never a secret. The template extends
``frame.html``, fills the block ``content`` and finds the data in ``page``. ``{id}`` in a path is ``visit.parts["id"]``,
the query is ``visit.query("q")``. What lies in no API is read with ``visit.read()`` (a database session), limited to
``visit.compartments("inspect")``: a page must never show more than the API would.

**Adding a form.** ``<form method="post" action="…">{{ csrf }}…</form>`` and, beside the page that it stands on::

    @pages.form("/deployments/{id}/stop", back=deployment)
    def stop(visit: Visit) -> str:
        visit.send("POST", f"/20190101/modelDeployments/{visit.parts['id']}/actions/deactivate")
        return visit.done(f"/console/deployments/{visit.parts['id']}", "stopped")

It returns where to go next; the words for ``"stopped"`` are in ``frame.NOTICES``. If it raises an AdsError, the page of
``back`` is shown again with the error at its top, and ``visit.field("name")`` has what was typed. If it returns a dict,
the page of ``back`` is shown with that added: for what is shown only once. Session, Origin and CSRF token were checked.

**Macros** in ``macros.html`` (``{% import "macros.html" as ui %}``): ``ui.pill(state)``, ``ui.ago(time)``,
``ui.facts(pairs)``, ``ui.tabs(entries, current)``, ``ui.empty(text, code)``, ``ui.copy(text)``, ``ui.id(ocid)``,
``ui.feed(events)``, ``ui.deletion(action, name, csrf, noun)``, ``ui.pages(visit, next)``. Filters: ``ago``,
``absolute``, ``size``, ``number``, ``short`` (an OCID's last characters), ``tone``, ``plain``
(what a program wrote, made readable and cut).
Classes: ``head``, ``actions``, ``section``, ``table`` (around a table), ``n`` (a number's cell), ``line`` and ``stack``
(forms), ``main`` and ``bad`` (buttons), ``chip``, ``dim``, ``reason`` (why something failed), ``numbers``, ``two``.

**Styles and scripts** are files in ``static/``; no ``style=`` and no ``onclick=``: the content security policy forbids
both. A script is an ES module of at most 200 lines that improves what works without it; name it in the block
``modules``. ``live.js`` replaces the elements with ``data-live`` and an id by those of a fresh page whenever something
happens, or only when it happens to the resource in ``data-live-of``; ``pulse.js`` does so when a deployment answers
(``data-pulse``), or every so many seconds (``data-pulse-every``). Streams are opened with ``visible.js``, which keeps
none open for a page that nobody sees. Modules read the API with the session under
``/console/api/…`` (GET only): ``/console/api/openads/v1/events/stream``.
"""

__all__: list[str] = []
