"""The tables: what fires, and what has drifted."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.panels import About, Scale, link, tabled
from dashboards.queries import PATH, Query, of_path
from monitor.publish import catalogue


def alerts_table(width: int, height: int) -> table.Panel:
    """List the alerts that fire; each name leads to its runbook page."""
    about = About(
        "Alerts that fire",
        "mailpath's alerts of this path, and those of the daemon itself. A name leads to its runbook page.",
        width,
        height,
        none="nothing fires",
    )
    firing = f'ALERTS{{alertname=~"Mailpath.+",alertstate="firing",path=~"{PATH}|"}}'
    panel = _table(about, f"max by (alertname, severity, hop, service) ({firing})", ("alertname", "severity", "hop"))
    page = DynamicConfigValue(id_val="links", value=[link("Runbook", "${runbook}/${__value.raw}.md").build()])
    return panel.override_by_name("alertname", [page])


def drift_table(width: int, height: int) -> table.Panel:
    """List what differs from what is declared."""
    about = About(
        "Drift",
        "Declared facts that differ from observed ones: none of them wakes anybody. An acknowledged one (ignore_drift) "
        "is not listed.",
        width,
        height,
        none="nothing differs",
    )
    drift = of_path("max", catalogue.CONFIG_DRIFT, ("subject", "kind"))
    return _table(about, f"{drift} == 1", ("subject", "kind"))


def tls_table(width: int, height: int) -> table.Panel:
    """List what each service speaks: TLS version and cipher."""
    about = About(
        "TLS in use",
        "Version and cipher that the last rounds spoke; more than one line of a service: nodes differ.",
        width,
        height,
    )
    spoken = of_path("max", catalogue.TLS_VERSION_INFO, ("node", "service", "version", "cipher"))
    used = f"count by (service, version, cipher) ({spoken})"
    return _table(about, used, ("service", "version", "cipher"))


def _table(about: About, expr: str, columns: Sequence[str]) -> table.Panel:
    """Show an instant answer's labels, in this order, and nothing else."""
    query = Query(expr, instant=True, format=PromQueryFormat.TABLE)
    kept = {"include": {"names": list(columns)}}
    panel = tabled(about, Scale("short"), query)
    panel.with_transformation(DataTransformerConfig(id_val="filterFieldsByName", options=kept))
    indices = {name: index for index, name in enumerate(columns)}
    options = {"excludeByName": {}, "indexByName": indices, "renameByName": {}}
    return panel.with_transformation(DataTransformerConfig(id_val="organize", options=options))
