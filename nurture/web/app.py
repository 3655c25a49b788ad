"""The Flask application: everything that all pages share, and the pages found in `web/pages`."""

from flask import Flask, Response, g

from nurture.kernel.context import Context
from nurture.kernel.plugins import modules
from nurture.web import assets, errors, language, layout, security, session, timing
from nurture.web.blocks import PAGES
from nurture.web.session import public


def create_app(ctx: Context) -> Flask:
    """The web application of one installation. Its pages need nothing but the context."""
    app = Flask("nurture.web", static_folder=None, template_folder="templates")
    app.url_map.strict_slashes = False
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    def _remember() -> None:
        g.context = ctx

    app.before_request(_remember)
    timing.install(app, ctx.database.engine)
    security.install(app, ctx.settings)
    session.install(app)
    language.install(app)
    errors.install(app)
    _routes(app)
    for module in modules(PAGES).values():
        app.register_blueprint(module.blueprint)
    layout.install(app)
    app.wsgi_app = security.BehindProxies(app.wsgi_app, ctx.settings.trusted_proxies)  # type: ignore[method-assign]
    return app


def _routes(app: Flask) -> None:
    @public
    def static(name: str) -> Response:
        return assets.serve(name)

    @public
    def healthz() -> Response:
        with g.context.database.read() as conn:
            conn.exec_driver_sql("SELECT 1 FROM users LIMIT 1")
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    app.add_url_rule("/static/<path:name>", "static", static)
    app.add_url_rule("/healthz", "healthz", healthz)
