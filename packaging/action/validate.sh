#!/bin/sh
# What the action runs. Reads INVAR, PATHS, DENY, LEVEL, COMMUNITY and SARIF; exits as invar does.
set -u

set -f
# shellcheck disable=SC2086
set -- ${PATHS:?no paths are given}
set +f
set -- "--stability.level=${LEVEL:-generally-available}" \
    "--deny-warnings=${DENY:-false}" \
    "--feature.community-components.enabled=${COMMUNITY:-false}" -- "$@"

if [ -n "${SARIF:-}" ]; then
    "${INVAR:-invar}" validate --format=sarif "$@" >"$SARIF" || :
fi
exec "${INVAR:-invar}" validate --format=github "$@"
