#!/bin/sh
# Does one thing to one unit for the agent, as root. One line in: `VERB UNIT`; one line out: `ok` or `failed REASON`.
set -eu
LC_ALL=C PATH=/usr/bin:/bin
export LC_ALL PATH

# What systemctl says goes to the journal; its first line is the reason.
try() {
  if said=$(systemctl "$@" 2>&1); then return 0; fi
  printf '%s\n' "${said}" >&2
  said=$(printf '%s' "${said}" | head -n 1)
  return 1
}

answer() {
  if "$@"; then echo ok; else echo "failed ${said}"; fi
}

start() {
  # A failed unit keeps its failure until then.
  systemctl reset-failed "$1" 2>/dev/null || true
  try start "$1"
}

# The agent asks for a start only when the proxy is silent: one that hangs is started anew.
start_proxy() {
  systemctl reset-failed slipway-proxy.service 2>/dev/null || true
  try restart slipway-proxy.service
}

# SIGTERM, without waiting: the agent knows how long the release may take.
stop() {
  ! systemctl --quiet is-active "$1" || try kill --signal=SIGTERM "$1"
}

# All that is left of it; then the unit is gone and forgotten.
kill_all() {
  systemctl kill --signal=SIGKILL "$1" 2>/dev/null || true
  try stop "$1"
  systemctl reset-failed "$1" 2>/dev/null || true
}

# More than any request has is not read; whoever sends less must be done in 5 s.
request=$(timeout 5 head -n 1 | head -c 64)
case "${request}" in
  'start blue' | 'start green') answer start "slipway-app@${request#* }.service" ;;
  'stop blue' | 'stop green') answer stop "slipway-app@${request#* }.service" ;;
  'kill blue' | 'kill green') answer kill_all "slipway-app@${request#* }.service" ;;
  'start proxy') answer start_proxy ;;
  'reload proxy') answer try reload slipway-proxy.service ;;
  *) echo 'failed it is not a request that is known here' ;;
esac
