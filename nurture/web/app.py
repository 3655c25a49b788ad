"""The Flask application: everything that all pages share, and the pages found in `web/pages`."""

from flask import Flask, Response, g, request

from nurture.kernel.context import Context
from nurture.kernel.plugins import modules
from nurture.web import assets, errors, language, layout, security, session, timing
from nurture.web.blocks import PAGES
from nurture.web.compiled import Compiled
from nurture.web.probes import Probes
from nurture.web.session import public


def create_app(ctx: Context) -> Flask:
    """The web application of one installation. Its pages need nothing but the context."""
    app = Flask("nurture.web", static_folder=None, template_folder="templates")
    app.url_map.strict_slashes = False
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.bytecode_cache = Compiled(ctx.settings.data_dir / "compiled")

    def _remember() -> None:
        g.context = ctx

    app.before_request(_remember)
    timing.install(app, ctx.database.engine, logs=ctx.settings.log_requests)
    security.install(app, ctx.settings)
    session.install(app)
    language.install(app)
    errors.install(app)
    _routes(app, ctx)
    for module in modules(PAGES).values():
        app.register_blueprint(module.blueprint)
    layout.install(app)
    app.wsgi_app = security.BehindProxies(app.wsgi_app, ctx.settings.trusted_proxies)  # type: ignore[method-assign]
    return app


def _routes(app: Flask, ctx: Context) -> None:
    @public
    def static(name: str) -> Response:
        return assets.serve(name)

    found = Probes(ctx)

    @public
    def probe() -> Response:
        reply = found.answer(request.path, request.remote_addr or "", request.headers.get)
        headers = {"Cache-Control": "no-store"}
        return Response(reply.body, reply.status, headers, content_type=reply.content_type)

    app.add_url_rule("/static/<path:name>", "static", static)
    for name in ("healthz", "readyz", "metrics"):
        app.add_url_rule(f"/{name}", name, probe)
