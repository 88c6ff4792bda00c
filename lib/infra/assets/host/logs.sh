#!/bin/bash
# Ships the journal of this host's units to the log group that is named, by amazon-cloudwatch-agent. Run again it changes nothing.
set -euo pipefail
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin

readonly log_group=$1
readonly here=/opt/slipway/host
readonly control=/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl
readonly config=/etc/slipway/cloudwatch-agent.json

fail() {
  echo "slipway: logs: $*" >&2
  exit 1
}

# Only Amazon Linux has it in its repositories.
if [ ! -x "${control}" ]; then
  command -v dnf >/dev/null || fail 'amazon-cloudwatch-agent is missing, and this is not Amazon Linux; put it into the image'
  dnf install -y -q amazon-cloudwatch-agent || fail 'amazon-cloudwatch-agent cannot be installed; look at the lines above'
fi

text=$(sed "s|LOG_GROUP|${log_group}|" "${here}/cloudwatch-agent.json")
if [ "${text}" = "$(cat "${config}" 2>/dev/null)" ] && systemctl --quiet is-active amazon-cloudwatch-agent.service; then
  exit 0
fi
printf '%s\n' "${text}" >"${config}.new"
# It starts the agent, and enables it at boot.
"${control}" -a fetch-config -m ec2 -s -c "file:${config}.new" || fail 'amazon-cloudwatch-agent refuses its configuration'
# Last: without it the next run tries again.
mv "${config}.new" "${config}"
