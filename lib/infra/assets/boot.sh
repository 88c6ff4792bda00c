#!/bin/bash
# First boot of a host: fetches the agent and its Node.js by digest, and starts the agent. Running it again changes nothing.
# The names between @ are filled in when the template is made.
set -euo pipefail
umask 022

readonly bucket='@BUCKET@'
readonly agent_sha256='@AGENT_SHA256@'
readonly runtime_sha256='@RUNTIME_SHA256@'
readonly home=/opt/slipway
readonly settings=/etc/slipway/agent.json
readonly metadata=http://169.254.169.254/latest
export AWS_DEFAULT_REGION='@REGION@'

retry() {
  local attempt
  for attempt in 1 2 3 4 5 6 7 8; do
    if timeout 300 "$@"; then return 0; fi
    echo "slipway: attempt ${attempt} failed: $*" >&2
    sleep "$((attempt * 2))"
  done
  return 1
}

has_digest() {
  printf '%s  %s\n' "$2" "$1" | sha256sum --check --status 2>/dev/null
}

# fetch DIGEST TARGET: nothing is at TARGET before its digest was checked.
fetch() {
  if has_digest "$2" "$1"; then return 0; fi
  retry aws s3api get-object --bucket "${bucket}" --key "blobs/$1" "$2.tmp" >/dev/null
  if ! has_digest "$2.tmp" "$1"; then
    echo "slipway: blobs/$1 in ${bucket} has another digest than its name" >&2
    rm -f "$2.tmp"
    return 1
  fi
  mv "$2.tmp" "$2"
}

id slipway >/dev/null 2>&1 || useradd --system --shell /sbin/nologin --home-dir /var/lib/slipway slipway
install -d -m 0755 "${home}" "${home}/runtime"
install -d -m 0750 -g slipway /etc/slipway

retry dnf install -y -q haproxy
fetch "${agent_sha256}" "${home}/agent.cjs"
fetch "${runtime_sha256}" "${home}/runtime.tgz"
tar -xzf "${home}/runtime.tgz" -C "${home}/runtime" --no-same-owner package/bin/node

token=$(retry curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "${metadata}/api/token")
instance_id=$(retry curl -sf -H "X-aws-ec2-metadata-token: ${token}" "${metadata}/meta-data/instance-id")

cat > "${settings}.tmp" <<'SLIPWAY_SETTINGS'
@SETTINGS@
SLIPWAY_SETTINGS
sed -i "s/INSTANCE_ID/${instance_id}/" "${settings}.tmp"
chgrp slipway "${settings}.tmp"
chmod 0640 "${settings}.tmp"
mv "${settings}.tmp" "${settings}"

# The app outlives its agent: only the agent's own process ends with the unit.
cat > /etc/systemd/system/slipway-agent.service <<'SLIPWAY_UNIT'
[Unit]
Description=Slipway agent
Wants=network-online.target
After=network-online.target

[Service]
User=slipway
ExecStart=/opt/slipway/runtime/package/bin/node /opt/slipway/agent.cjs --settings /etc/slipway/agent.json
Restart=always
RestartSec=2
KillMode=process
StateDirectory=slipway
RuntimeDirectory=slipway
RuntimeDirectoryPreserve=yes
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=yes
PrivateTmp=yes
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
SLIPWAY_UNIT
systemctl daemon-reload
systemctl enable --now slipway-agent.service
