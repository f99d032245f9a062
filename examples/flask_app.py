"""Flask, by the application factory pattern. ``python examples/flask_app.py``."""

from flask import Flask, abort, jsonify

from wsgi_apimetrics.integrations.flask import ApiMetrics

USERS = {42: "Ann"}


def who(request):
    """Say who calls; Flask's context is live, with ``flask.g`` and the session."""
    return {"api_key": request.headers.get("X-User", "nobody")}


metrics = ApiMetrics(grouping_function=who, denylist=["password"])


def create_app():
    app = Flask(__name__)

    @app.get("/users/<int:user>")
    def show(user):
        if user not in USERS:
            abort(404)
        return jsonify(id=user, name=USERS[user])

    @app.errorhandler(LookupError)
    def lost(error):
        return jsonify(error="lost"), 503  # reported with the exchange all the same

    @app.get("/orders")
    def orders():
        return jsonify(USERS[7])

    return metrics.init_app(app)


application = create_app()

if __name__ == "__main__":
    application.run(port=8000)
