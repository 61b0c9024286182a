"""The routes of the service and its OpenAPI schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from mindocr import __version__
from mindocr.serve import metrics
from mindocr.serve.answers import MEDIA_TYPES, Format, Problem, Result
from mindocr.serve.counting import Counting
from mindocr.serve.page import render_page
from mindocr.serve.refusal import Refusal
from mindocr.serve.schema import IMAGE_TYPES, About, Health, narrowed, of_model
from mindocr.serve.service import Service
from mindocr.serve.upload import CLOSE, FIELD, drain

PREDICT = "/predict"
_FILE = {"type": "string", "format": "binary"}
_REASONS = {
    400: "no image, a damaged form, or an option that the model does not have",
    406: "no format that the header Accept allows",
    408: "the request did not arrive in time",
    413: "too many bytes or pixels",
    415: "not an image",
    422: "a damaged image, or an option outside its range",
    503: "no room, or the model is not ready; Retry-After says when to try again",
    504: "no result in time",
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": reason} for status, reason in _REASONS.items()
}
_PICTURES = {kind.partition(";")[0]: {"schema": _FILE} for form, kind in MEDIA_TYPES.items() if form != "json"}
_FORM = {"type": "object", "properties": {FIELD: _FILE}, "required": [FIELD], "additionalProperties": False}
_BODY = {
    "required": True,
    "content": {
        **{kind: {"schema": _FILE} for kind in IMAGE_TYPES},
        "multipart/form-data": {"schema": _FORM, "encoding": {FIELD: {"contentType": ", ".join(IMAGE_TYPES)}}},
    },
}

Share = Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)]


def build_app(service: Service) -> FastAPI:
    """The application of a service."""
    app = FastAPI(
        title="mindocr", version=__version__, docs_url=None, redoc_url=None,
        summary="Finds and reads the text of an image.",
    )  # fmt: skip
    page = render_page()

    @app.post(
        PREDICT, response_model=Result, response_model_exclude_none=True, summary="Find the texts of an image",
        responses={200: {"content": _PICTURES, "description": "the texts"}, **_PROBLEMS},
        openapi_extra={"requestBody": _BODY},
    )  # fmt: skip
    async def predict(
        request: Request,
        format: Annotated[Format | None, Query(description="of the answer; without it, by the header Accept")] = None,
        name: Annotated[str, Query(max_length=1000, description="of the image, for format=labels")] = "",
        box_thresh: Share = None,
        binary_thresh: Share = None,
        score_thresh: Share = None,
        expand_ratio: Annotated[float | None, Query(ge=0, le=10, allow_inf_nan=False)] = None,
        drop_score: Share = None,
        level: Literal["line", "word", "character"] | None = None,
    ) -> Response:
        options = {
            "box_thresh": box_thresh, "binary_thresh": binary_thresh, "score_thresh": score_thresh,
            "expand_ratio": expand_ratio, "drop_score": drop_score, "level": level,
        }  # fmt: skip
        try:
            return await service.answer(request, service.wish(request, options, format, name))
        except Refusal as refusal:
            if not await drain(request):
                refusal.headers.update(CLOSE)
            raise

    @app.get("/model", response_model=About, responses={503: _PROBLEMS[503]}, summary="The model and its options")
    async def model() -> Any:
        return of_model(service.model(), service.limits)

    @app.get(
        "/health", response_model=Health, summary="Whether images are taken",
        responses={503: {"model": Health, "description": "not now"}},
    )  # fmt: skip
    async def health(response: Response) -> Any:
        response.status_code = 200 if service.state == "ready" else 503
        return {"state": service.state, "waiting": service.worker.length, "in_flight": service.in_flight}

    @app.get("/health/live", response_model=Health, summary="Whether the process answers")
    async def live() -> Any:
        return {"state": service.state, "waiting": service.worker.length, "in_flight": service.in_flight}

    @app.get("/metrics", response_class=PlainTextResponse, summary="Numbers for Prometheus")
    async def numbers() -> Response:
        return Response(service.numbers.text(), media_type=metrics.CONTENT_TYPE)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def root() -> Response:
        headers = {"Content-Security-Policy": page.policy, "Cache-Control": "no-cache"}
        return HTMLResponse(page.text, headers=headers)

    _answer_errors(app)
    _describe_the_model(app, service)
    paths = {getattr(route, "path", "") for route in app.routes}
    app.add_middleware(Counting, numbers=service.numbers, paths=paths, timed=PREDICT)
    return app


def _answer_errors(app: FastAPI) -> None:
    """Every error is a :class:`~mindocr.serve.answers.Problem`."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        return JSONResponse(error.to_json(), error.status, error.headers)

    @app.exception_handler(RequestValidationError)
    async def out_of_range(request: Request, error: RequestValidationError) -> Response:
        told = "; ".join(
            f"{each['loc'][-1]}: {each['msg']}, got {str(each['input'])[:80]!r}" for each in error.errors()
        )
        return JSONResponse({"status": 422, "message": told}, 422)

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> Response:
        message = {404: "no such address; POST an image to /predict", 405: "another method is expected here"}
        body = {"status": error.status_code, "message": message.get(error.status_code, str(error.detail))}
        return JSONResponse(body, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        message = "an error of the service; its log has the details"
        return JSONResponse({"status": 500, "message": message}, 500)


def _describe_the_model(app: FastAPI, service: Service) -> None:
    """Let the schema describe the model that is served, once it is loaded."""
    complete = app.openapi

    def openapi() -> dict[str, Any]:
        model = service.worker.model
        return complete() if model is None else narrowed(complete(), PREDICT, model)

    app.openapi = openapi  # type: ignore[method-assign]
