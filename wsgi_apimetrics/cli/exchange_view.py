"""One exchange, whole, for the terminal: what ``show`` and the demo print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ..exchange import Body, Exchange, Headers, Redaction
from ..jsonline import StoredExchange
from .listing import who
from .pretty import indented
from .terminal import clock, seconds, shown, size, status_style, visible

_MARKERS = r"\[(?:CLIENT_)?REDACTED[^\]]*\]|sha512-[A-Za-z0-9+/=]+\?.{0,4}"
_SHOWN_CHARACTERS = 4_000
_SHOWN_BYTES = 256


def view(stored: StoredExchange, *, whole: bool = False) -> RenderableType:
    """Return the exchange; long bodies are cut unless it is to be ``whole``."""
    exchange, redactions = stored.exchange, stored.redactions
    request, response = exchange.request, exchange.response
    status = Text(f"{response.status_code} ", style=status_style(response.status_code))
    return Panel(
        Group(
            _about(exchange),
            Rule(Text("request", style="bold"), style="dim"),
            Text.assemble(shown(request.method, "bold"), " ", shown(request.url)),
            _headers(request.headers),
            _body(request.body, whole),
            Rule(Text("response", style="bold"), style="dim"),
            status.append_text(shown(response.status_text)),
            _headers(response.headers),
            _body(response.body, whole),
            *_errors(exchange),
            *_redactions(redactions),
        ),
        title=Text(exchange.id, style="bold"),
        title_align="left",
        border_style="blue",
    )


def _about(exchange: Exchange) -> RenderableType:
    facts = [("when", clock(exchange.started_at)), ("took", _timings(exchange))]
    if exchange.route:
        facts.append(("route", exchange.route))
    if exchange.group is not None:
        group = exchange.group
        email = f" <{group.email}>" if group.email else ""
        facts.append(("who", f"{who(group.id, group.label)}{email}"))
    if exchange.kind == "client":
        during = f", during {exchange.parent_id}" if exchange.parent_id else ""
        facts.append(("direction", f"made by the app{during}"))
    if exchange.framework:
        facts.append(("framework", exchange.framework))
    if exchange.aborted:
        facts.append(("aborted", "the response ended early"))
    grid = Table.grid(padding=(0, 2))
    for name, value in facts:
        grid.add_row(Text(name, style="dim"), shown(value))
    return grid


def _timings(exchange: Exchange) -> str:
    timings = exchange.timings
    return (
        f"{seconds(timings.total)} ({seconds(timings.wait)} until the response began, "
        f"{seconds(timings.receive)} until it ended)"
    )


def _headers(headers: Headers) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in headers:
        grid.add_row(shown(f"{name}:", "cyan"), _marked(shown(value)))
    return grid


def _body(body: Body, whole: bool) -> RenderableType:
    if body.content is None:
        return Text(f"({size(body.size)} left out: {body.omitted})", style="dim italic")
    if not body.content:
        return Text("(no body)", style="dim italic")
    try:
        text = visible(_pretty(body.content.decode(), body.media_type))
    except UnicodeDecodeError:
        return Padding(_hex(body.content, whole), (1, 0, 0, 0))
    cut = not whole and len(text) > _SHOWN_CHARACTERS
    drawn = _marked(Text(text[:_SHOWN_CHARACTERS] if cut else text))
    if cut:
        drawn.append(
            f"\n… {len(text) - _SHOWN_CHARACTERS:,} more characters: --whole", "dim italic"
        )
    if body.truncated:
        drawn.append(f"\n(the beginning of {size(body.size)})", "dim italic")
    return Padding(drawn, (1, 0, 0, 0))


def _pretty(text: str, media_type: str) -> str:
    """Indent what says that it is JSON; everything else stays as it came."""
    is_json = media_type == "application/json" or media_type.endswith("+json")
    return indented(text) if is_json else text


def _hex(content: bytes, whole: bool) -> Text:
    drawn = Text()
    part = content if whole else content[:_SHOWN_BYTES]
    for start in range(0, len(part), 16):
        row = part[start : start + 16]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)
        drawn.append(f"{start:06x}  ", "dim")
        drawn.append(f"{row.hex(' '):<47}  ")
        drawn.append(f"{letters}\n", "green")
    more = len(content) - len(part)
    drawn.append(f"… {more:,} more bytes: --whole" if more else "", "dim italic")
    return drawn


def _errors(exchange: Exchange) -> Iterator[RenderableType]:
    for error in exchange.errors:
        yield Rule(Text("error", style="bold red"), style="red")
        yield shown(f"{error.type}: {error.message}", "red", one_line=False)
        yield shown(error.stack_trace.rstrip(), "dim", one_line=False)


def _redactions(redactions: Sequence[Redaction]) -> Iterator[RenderableType]:
    if not redactions:
        return
    yield Rule(
        Text(f"taken out before it was stored: {len(redactions)}", style="bold"), style="dim"
    )
    grid = Table.grid(padding=(0, 2))
    for one in redactions:
        reason = f" ({one.reason})" if one.reason else ""
        grid.add_row(shown(one.place, "magenta"), shown(f"by {one.rule}{reason}", "dim"))
    yield grid


def _marked(text: Text) -> Text:
    text.highlight_regex(_MARKERS, "bold magenta")
    return text
