"""PromQL and annotation templates, built from the catalogue: a name that does not exist cannot be written.

Every series is aggregated to labels of its own first. What a scrape adds (job, instance, pod, and ``node`` and
``service`` too, where the metric has none) then neither doubles an alert nor renames it at a restart, and of two
replicas the one that sees trouble is believed.
"""

from monitor.publish.families import PREFIX, Family

# A matcher's value: a text to be equal to, or an operator and its text. HERE is the path of the alert, in a template.
Matcher = str | tuple[str, str]
HERE = "%q"

# What kube-state-metrics says of a node that somebody has cordoned; where it is absent, none is.
CORDONED = "max by (node) (kube_node_spec_unschedulable) == 1"


def select(family: Family, **matchers: Matcher) -> str:
    """Write a selector; ``ValueError`` for a label that the metric does not have."""
    _refuse_unknown(family, matchers)
    words = ",".join(f"{label}{_matching(matcher)}" for label, matcher in matchers.items())
    return f"{PREFIX}{family.name}{{{words}}}" if words else f"{PREFIX}{family.name}"


def aggregate(operator: str, family: Family, by: tuple[str, ...], **matchers: Matcher) -> str:
    """Write an aggregation (``max``, ``min``, ``sum``) by labels of the metric's own."""
    _refuse_unknown(family, by)
    return f"{operator} by ({', '.join(by)}) ({select(family, **matchers)})"


def increase(family: Family, by: tuple[str, ...], window: str, **matchers: Matcher) -> str:
    """Write how much a counter has grown in a window, replicas added up."""
    _refuse_unknown(family, by)
    return f"sum by ({', '.join(by)}) (increase({select(family, **matchers)}[{window}]))"


def listing(introduction: str, expression: str, *words: str, sort: str) -> str:
    """Write a template that names the members of a result (``Silent: a, b.``), or says nothing where there is none.

    ``expression`` holds ``HERE`` once, and no backquote; ``words`` are labels, texts in between stand as they are.
    Members are sorted by ``sort``, then by their other labels: a page's text must not change while nothing does.
    """
    member = "".join(f"{{{{ $row.Labels.{word} }}}}" if word.isidentifier() else word for word in words)
    others = [word for word in words if word.isidentifier() and word != sort]
    # Prometheus sorts stably, so the label that counts most comes last.
    in_order = "".join(f" | sortByLabel `{label}`" for label in (*reversed(others), sort))
    rows = f"{{{{ range $i, $row := .{in_order} }}}}{{{{ if $i }}}}, {{{{ end }}}}{member}{{{{ end }}}}"
    return f"{{{{ with query (printf `{expression}` $labels.path) }}}} {introduction}: {rows}.{{{{ end }}}}"


def _matching(matcher: Matcher) -> str:
    operator, value = ("=", matcher) if isinstance(matcher, str) else matcher
    return f"{operator}{value}" if value == HERE else f'{operator}"{value}"'


def _refuse_unknown(family: Family, labels: object) -> None:
    unknown = set(labels) - set(family.labels)  # type: ignore[call-overload]  # any collection of names
    if unknown:
        raise ValueError(f"{family.name} has no label {', '.join(sorted(unknown))}")
