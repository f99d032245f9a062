"""What redaction costs per exchange, against jsonpath-ng applied naively.

Run by ``pytest bench/redaction --benchmark-enable``.
"""

from __future__ import annotations

import json

import pytest
from jsonpath_ng.ext.parser import parse

from bench.redaction.samples import PLAIN, RULES, document, exchange
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.redactor import Redactor
from wsgi_apimetrics.redaction.vocabulary import README

SIZES = {"1 KB + 2 KB": (1_000, 2_000), "100 KB": (100, 100_000)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rules", RULES)
def test_redact(benchmark, size: str, rules: str) -> None:
    """One exchange through one redactor."""
    redactor = Redactor(RedactionPolicy(**RULES[rules]), README)
    benchmark.group = size
    benchmark(redactor.redact, exchange(*SIZES[size]))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("paths", [PLAIN[:3], ("$..password",)], ids=["three plain", "recursive"])
def test_naive(benchmark, size: str, paths: tuple[str, ...]) -> None:
    """Parse, let jsonpath-ng update, write: what other packages do."""
    compiled = [parse(path) for path in paths]
    texts = [document(size) for size in SIZES[size]]

    def naive() -> None:
        for text in texts:
            parsed = json.loads(text)
            for path in compiled:
                path.update(parsed, "[REDACTED]")
            json.dumps(parsed)

    benchmark.group = size
    benchmark(naive)


@pytest.mark.parametrize("count", [10, 100, 1_000, 10_000])
def test_many_rules(benchmark, count: int) -> None:
    """The cost of rules that name nothing in the exchange."""
    names = tuple(f"name{number}" for number in range(count))
    redactor = Redactor(RedactionPolicy(denylist=(*names, "user")), README)
    benchmark.group = "rules"
    benchmark(redactor.redact, exchange(1_000, 2_000))
