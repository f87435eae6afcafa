#!/usr/bin/env bash
# promtool check rules prints FAILED for a rule file with lint problems, and exits 0.
#
# Seen: 2026-11-30, Debian 12, prometheus 2.42.0+ds-5+deb12u1.
# Most would guess: what prints FAILED ends with a failure, so that CI notices.
# What is so: problems of lint (here one rule twice) are printed on standard error under the word FAILED, and the exit
# status stays 0. It is 3 with --lint-fatal. A rule that cannot be parsed is 1 either way.
# Output seen:
#   promtool: FAILED, exit 0
#   promtool --lint-fatal: FAILED, exit 3
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
debs prometheus=2.42.0+ds-5+deb12u1

cat >"$TEMP/rules.yml" <<'RULES'
groups:
  - name: one
    rules:
      - {record: "job:up:sum", expr: "sum by (job) (up)"}
      - {record: "job:up:sum", expr: "sum by (job) (up)"}
RULES

run() {
    local status=0 said
    said=$(promtool check rules "$@" "$TEMP/rules.yml" 2>&1) || status=$?
    echo "promtool${1:+ $1}: $(grep -qF FAILED <<<"$said" && echo FAILED || echo SUCCESS), exit $status"
}
plain=$(run) fatal=$(run --lint-fatal)
echo "$plain"
echo "$fatal"
[ "$plain" = "promtool: FAILED, exit 0" ] || changed "without --lint-fatal"
[ "$fatal" = "promtool --lint-fatal: FAILED, exit 3" ] || changed "with --lint-fatal"
as_stated
