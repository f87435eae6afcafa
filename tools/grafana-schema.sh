#!/bin/sh
# Makes the JSON Schema of a dashboard from Grafana's own types anew, for the tests that hold dashboards/json to it:
# tools/grafana-schema.sh VERSION. It takes npm and Node.js, and installs nothing here.
set -eu

version=${1:-13.1.0}
data=$(cd "$(dirname "$0")/../tests/dashboards/data" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
    "@grafana/schema@$version" ts-json-schema-generator@2.4.0
npx ts-json-schema-generator --no-type-check --type Dashboard \
    --path node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen.d.ts --out schema.json
# An annotation's query is, by the types' own comment, still "to be a normal query": what Prometheus' annotations have
# beyond them (expr, titleFormat, …) is let pass.
node -e '
    const schema = JSON.parse(require("fs").readFileSync("schema.json"));
    schema.definitions.AnnotationQuery.additionalProperties = true;
    schema.$comment = "made by tools/grafana-schema.sh of @grafana/schema " + process.argv[1] + ", Apache-2.0";
    console.log(JSON.stringify(schema, null, 1));
' "$version" >"$data/dashboard.schema.json"
