/** Every option of the command line: how it is written, what it takes, and what it means. One word means one thing in all commands. */

export interface OptionSpec {
  /** Without the dashes. */
  readonly flag: string;
  readonly short?: string;
  /** What stands after it in help; left out: a switch. */
  readonly value?: string;
  readonly help: string;
}

export const options = {
  environment: { flag: 'environment', short: 'e', value: 'NAME', help: 'One of those in environments/index.ts.' },
  commit: {
    flag: 'commit',
    value: 'REF',
    help: 'What to build, as Git names it. Default: HEAD, and service/ must hold nothing uncommitted.',
  },
  platform: {
    flag: 'platform',
    value: 'PLATFORM',
    help: "linux-x64 or linux-arm64. Default: that of the environment's hosts.",
  },
  assembly: {
    flag: 'assembly',
    value: 'DIR',
    help: 'A finished cloud assembly, as `cdk synth` writes it. Default: synthesize one.',
  },
  retry: { flag: 'retry', help: 'Let hosts try again what they rejected.' },
  noWait: { flag: 'no-wait', help: 'Write the desired state and end; `slipway wait` follows it.' },
  timeout: { flag: 'timeout', value: 'SECONDS', help: 'Give up waiting for hosts after that. Default: 600.' },
  limit: { flag: 'limit', short: 'n', value: 'COUNT', help: 'How many to show. Default: 10.' },
  watch: { flag: 'watch', short: 'w', help: 'Keep looking, and show each change, until Ctrl-C.' },
  to: {
    flag: 'to',
    value: 'REF',
    help: 'A commit that was confirmed here. Default: the last confirmed one before the current.',
  },
  reason: { flag: 'reason', value: 'TEXT', help: "Why; stands in the commit's message." },
  check: { flag: 'check', help: 'Change nothing; end with 1 if something would change.' },
  dryRun: { flag: 'dry-run', help: 'Say what would be done, and do nothing.' },
  remote: { flag: 'remote', value: 'NAME', help: 'Git remote of the branches. Default: origin.' },
  json: { flag: 'json', help: 'One JSON document on standard output; progress as JSON lines on standard error.' },
  service: { flag: 'service', value: 'DIR', help: 'A Node.js service of yours. Default: the example in service/.' },
  stay: { flag: 'stay', help: 'Only the first deployment; then it keeps running for your own pushes, until Ctrl-C.' },
  jsonFile: { flag: 'json', value: 'FILE', help: 'Write what was measured there, as JSON.' },
  proxy: {
    flag: 'proxy',
    value: 'KIND',
    help: 'What switches slots on a host: haproxy or built-in. Default: haproxy where it is installed.',
  },
  port: { flag: 'port', value: 'PORT', help: 'Of the load balancer, on 127.0.0.1. Default: a free one.' },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof options;
