#!/bin/bash
# First boot of a host: fetches its bundle and Node.js by digest, and installs them. Running it again changes nothing.
# The names between @ are filled in when the template is made. Nothing stops a function that is asked whether it succeeded,
# `set -e` neither: hence `|| return` after each step.
set -uo pipefail
umask 022
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

readonly region='@REGION@'
readonly bucket='@BUCKET@'
readonly bundle_sha256='@BUNDLE_SHA256@'
readonly runtime_sha256='@RUNTIME_SHA256@'
readonly log_group='@LOG_GROUP@'
readonly home=/opt/slipway
readonly settings=/etc/slipway/agent.json
readonly metadata=http://169.254.169.254/latest
readonly sha256_of_nothing=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
# In memory: a full disk must not silence what is wrong.
readonly scratch=/run/slipway-boot

agent_settings() {
  cat <<'SLIPWAY_SETTINGS'
@SETTINGS@
SLIPWAY_SETTINGS
}

# fail TRIED WRONG TODO
fail() {
  printf '%s: %s; %s' "$@" >"${scratch}/problem"
  return 1
}

# step TRIED TODO COMMAND...: quiet, unless it fails; then its last lines are told, as one.
step() {
  local tried=$1 todo=$2 code said
  shift 2
  "$@" >"${scratch}/said" 2>&1 </dev/null && return
  code=$?
  said=$(grep -v '^[[:space:]]*$' "${scratch}/said" | tail -n 4 | paste -sd '|' | cut -c 1-800)
  fail "${tried}" "${said:-it} (exit code ${code})" "${todo}"
}

# request URL FILE: the rest of curl's configuration is read from standard input, since everybody may read command lines.
request() {
  curl -q --silent --show-error --connect-timeout 5 --max-time 600 --speed-time 30 --speed-limit 1000 \
    --output "$2" --write-out '%{http_code}' --config - "$1" 2>"${scratch}/said"
}

# ask PATH: what the metadata service answers.
ask() {
  local status
  status=$(request "${metadata}/$1" "${scratch}/answer") || status=$(tail -n 1 "${scratch}/said")
  if [ "${status}" != 200 ]; then
    fail "asking the metadata service for $1" "got '${status}'" 'check that the instance has a role and serves metadata'
    return
  fi
  cat "${scratch}/answer"
}

about() {
  printf 'header = "X-aws-ec2-metadata-token: %s"\n' "${token}" | ask "meta-data/$1"
}

identify() {
  local role
  token=$(printf 'request = "PUT"\nheader = "X-aws-ec2-metadata-token-ttl-seconds: 300"\n' | ask api/token) || return
  instance_id=$(about instance-id) || return
  role=$(about iam/security-credentials/) || return
  credentials=$(about "iam/security-credentials/${role}")
}

credential() {
  printf '%s\n' "${credentials}" | sed -n "s/.*\"$1\" *: *\"\\([^\"]*\\)\".*/\\1/p"
}

has_digest() {
  printf '%s  %s\n' "$2" "$1" | sha256sum --check --status 2>/dev/null
}

remedy() {
  case $1 in
    *TimeTooSkewed* | *'not yet valid'* | *expired*) echo "the clock says $(date -u +%FT%TZ): let chronyd or timesyncd set it" ;;
    *403*) echo "allow the host's role s3:GetObject on it, and publish it: npx slipway publish" ;;
    *404*) echo 'publish it: npx slipway publish' ;;
    *'(23)'*) echo 'look for room with df; hosts.volumeGiB is the size of the disk' ;;
    *) echo 'check the way to S3: route, endpoint, security group' ;;
  esac
}

# download DIGEST FILE
download() {
  local tried="fetching s3://${bucket}/blobs/$1" access status code=''
  access=$(
    printf 'aws-sigv4 = "aws:amz:%s:s3"\n' "${region}"
    printf 'user = "%s:%s"\n' "$(credential AccessKeyId)" "$(credential SecretAccessKey)"
    printf 'header = "x-amz-security-token: %s"\n' "$(credential Token)"
    printf 'header = "x-amz-content-sha256: %s"\n' "${sha256_of_nothing}"
  )
  status=$(printf '%s\n' "${access}" | request "https://${bucket}.s3.${region}.amazonaws.com/blobs/$1" "$2") ||
    status=$(tail -n 1 "${scratch}/said")
  if [ "${status}" != 200 ]; then
    code=$(sed -n 's/.*<Code>\([^<]*\)<.*/\1/p' "$2" 2>/dev/null | tail -n 1)
    fail "${tried}" "got '${status}${code:+ ${code}}'" "$(remedy "${status} ${code}")"
    return
  fi
  has_digest "$2" "$1" || fail "${tried}" 'its bytes have another digest than its name' 'publish it again, and ask who changed it'
}

is_installed() {
  [ "$(head -n 1 "${home}/installed" 2>/dev/null)" = "# ${bundle_sha256} ${runtime_sha256}" ] &&
    (cd "${home}" && sha256sum --check --status installed 2>/dev/null)
}

list_files() {
  cd "$1" || return
  echo "# ${bundle_sha256} ${runtime_sha256}"
  find . -type f -print0 | sort -z | xargs -0 sha256sum
}

# Complete under another name first: a host is installed, or it is not.
install_files() {
  local new="${home}.new" room='look for room with df; hosts.volumeGiB is the size of the disk'
  is_installed && return
  rm -rf "${new}"
  step "making ${new}" "${room}" mkdir -p "${new}/runtime" || return
  download "${bundle_sha256}" "${new}.bundle" || return
  step 'unpacking the bundle' "${room}" tar -xzmf "${new}.bundle" -C "${new}" --no-same-owner || return
  download "${runtime_sha256}" "${new}.runtime" || return
  step 'unpacking Node.js' "${room}" \
    tar -xzmf "${new}.runtime" -C "${new}/runtime" --no-same-owner package/bin/node || return
  rm -f "${new}.bundle" "${new}.runtime"
  list_files "${new}" >"${scratch}/installed" || return
  step 'listing what is installed' "${room}" cp "${scratch}/installed" "${new}/installed" || return
  rm -rf "${home}"
  step "moving ${new}" "${room}" mv -T "${new}" "${home}"
}

# Node.js is linked to libatomic, which the images of Amazon Linux 2023, Debian and Ubuntu lack.
install_packages() {
  local todo='let the network reach the package repositories, or put haproxy and libatomic into the image'
  command -v haproxy >/dev/null && [[ $(ldconfig -p) == *libatomic.so.1* ]] && return
  # Debian's package starts it at once, with a configuration of its own.
  step 'masking the unit of the package haproxy' 'look with systemctl status haproxy' systemctl mask haproxy.service || return
  if command -v dnf >/dev/null; then
    step 'installing haproxy and libatomic by dnf' "${todo}" timeout 600 dnf install -y -q haproxy libatomic
  elif command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    step 'reading the package lists of apt-get' "${todo}" timeout 600 apt-get -q update || return
    step 'installing haproxy and libatomic1 by apt-get' "${todo}" \
      timeout 600 apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends haproxy libatomic1
  else
    fail 'installing haproxy and libatomic' 'there is neither dnf nor apt-get' 'put both into the image'
  fi
}

# install.sh gives them to the agent's group.
write_settings() {
  local todo='look for room with df, and at /etc/slipway'
  agent_settings | sed "s/INSTANCE_ID/${instance_id}/" >"${scratch}/agent.json" || return
  cmp --silent "${scratch}/agent.json" "${settings}" && return
  step 'making /etc/slipway' "${todo}" install -d -m 0750 /etc/slipway || return
  step "writing ${settings}" "${todo}" install -m 0640 "${scratch}/agent.json" "${settings}.new" || return
  step "moving ${settings}.new" "${todo}" mv "${settings}.new" "${settings}"
}

mark() {
  local now=${EPOCHREALTIME/./}
  times+="${times:+, }$1 $(((now - since) / 1000)) ms"
  since=${now}
}

boot() {
  times='' since=${EPOCHREALTIME/./}
  fail 'setting this machine up' 'it stopped' 'look at /var/log/cloud-init-output.log'
  identify || return
  mark identity
  install_packages || return
  mark packages
  install_files || return
  mark files
  write_settings || return
  step 'starting the agent' 'look with journalctl -u slipway-agent' timeout 300 "${home}/host/install.sh" || return
  mark agent
}

install -d -m 0700 "${scratch}"
# Two at once would undo each other's work.
exec 9>"${scratch}/lock"
flock 9

pause=5
until boot; do
  echo "slipway: $(cat "${scratch}/problem"); trying again in ${pause} s" >&2
  # Each try starts anew; what it left would keep a full disk full.
  rm -rf "${home}.new" "${home}.new.bundle" "${home}.new.runtime"
  sleep "${pause}"
  pause=$((pause < 40 ? pause * 2 : 60))
done
echo "slipway: the agent runs: ${times}"

# Who serves without shipping its logs is worth more than who does neither.
if ! step 'shipping logs to CloudWatch' 'it serves nevertheless' timeout 900 "${home}/host/logs.sh" "${log_group}"; then
  echo "slipway: $(cat "${scratch}/problem")" >&2
fi
rm -f "${scratch}/agent.json" "${scratch}/answer" "${scratch}/said"
