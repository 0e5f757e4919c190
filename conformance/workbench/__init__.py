"""``connector-kit dev``: a page on the loopback interface that shows one connector, live.

The server (`server`, `application`, `access`) serves the files in ``web/`` and a JSON API below ``/api/``. The connector
runs in processes of its own (`connector_process`), so that changed code can be imported again and a connector that hangs
can be ended. A watcher (`watching`) reports changed files, and `events` passes that on to the page.

A panel is one tab of the page. To add the panel ``foo``:

1. ``panels/foo.py`` has ``PANEL = Panel("foo", "Foo", types, routes)``. ``types`` are the connector types that have the
   panel. ``routes(bench)`` returns Starlette routes below ``/api/foo/``; their endpoints are coroutines that read the
   body with `application.read_body` and return `application.Json`.
2. What a route does with the connector is a function of a module: ``function(loaded, *arguments)``, where ``loaded`` is the
   `LoadedConnector`. ``await bench.edits.call(function, *arguments)`` runs it in the connector's process; use
   ``bench.sends`` for what may take long or needs the provider's stub. Arguments and result are pickled.
3. ``web/panels/foo.js`` exports ``mount(element, bench)``, which fills the tab's element. ``bench`` has ``connector`` (the
   response of ``/api/connector``), ``get(path)``, ``post(path, body)``, ``on(event, callback)``, ``config()`` and
   ``announce(text)`` for screen readers; see ``web/workbench.js``.
4. Add the module to ``PANELS`` in ``panels/__init__.py``.

``bench.events.send(name, data)`` sends an event to the page, for progress. ``config()`` is the config of the form. It has
markers in place of saved secrets, which are never on the page: `configs.with_secrets` replaces them in the connector's
process.
"""
