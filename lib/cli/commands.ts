/** The commands as help teaches them. What each takes stands in `requests.ts`; what each does, in `commands/`. */
import type { CommandName } from './requests.ts';

export interface Example {
  readonly command: string;
  readonly what: string;
}

export interface CommandSpec {
  /** Fits on one line beside the name. */
  readonly summary: string;
  /** What must be given. */
  readonly usage: string;
  readonly text: string;
  readonly examples: readonly Example[];
}

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandName[];
}

export const commandGroups: readonly CommandGroup[] = [
  { title: 'Look', commands: ['status', 'history'] },
  { title: 'Deliver', commands: ['deploy', 'wait', 'rollback'] },
  { title: 'Parts of deploy', commands: ['build', 'publish'] },
  { title: 'Keep up to date', commands: ['images'] },
  { title: 'Try and check', commands: ['rehearse', 'doctor'] },
];

export const commandSpecs: Readonly<Record<CommandName, CommandSpec>> = {
  status: {
    summary: 'what the environment was told, and what each host does',
    usage: '--environment NAME',
    text: 'Shows the desired state, one line per host, and in words whether all is well and what to do if not. Reads the store, which works while hosts or CloudFormation do not, and asks Auto Scaling which machines are in service, where you may.',
    examples: [
      { command: 'slipway status -e dev', what: 'one look' },
      { command: 'slipway status -e dev --watch', what: 'each change as it comes' },
      { command: 'slipway status -e dev --json', what: 'for scripts' },
    ],
  },
  history: {
    summary: 'what was deployed, when, by whom, and how it ended',
    usage: '--environment NAME',
    text: 'The newest first. A release that hosts rolled back stands there as rejected, never as confirmed.',
    examples: [{ command: 'slipway history -e prod --limit 30', what: 'the last thirty' }],
  },
  deploy: {
    summary: 'bring an environment to a commit, and wait until its hosts serve it',
    usage: '--environment NAME',
    text: "Takes the commit that is checked out, and refuses files that no commit holds. Builds the release (or finds it built), publishes what the store lacks, deploys the stacks if their assembly differs from the deployed one, writes the desired state, and waits. Run again after any failure: it does what is left. Ends with 0 only when every host confirmed the release. Credentials come from the AWS SDK's usual places; the region from the environment's file.",
    examples: [
      { command: 'slipway deploy -e dev', what: 'the commit that is checked out' },
      { command: 'slipway deploy -e dev --retry', what: 'try again what was rejected' },
    ],
  },
  wait: {
    summary: 'follow the newest deployment to its end',
    usage: '--environment NAME',
    text: 'Ends with 0 when every host confirmed it, with 1 when hosts rejected or held it, or the time is up.',
    examples: [{ command: 'slipway wait -e dev --timeout 120', what: 'two minutes at most' }],
  },
  rollback: {
    summary: 'go back: a commit whose tree is an earlier, confirmed one',
    usage: '--environment NAME --reason TEXT',
    text: "Pushes a new commit to the environment's branch; no history is rewritten. Deploying that commit takes seconds: the store still has its release.",
    examples: [
      { command: 'slipway rollback -e dev --reason "orders fail" --dry-run', what: 'what would come back' },
      { command: 'slipway rollback -e dev --reason "orders fail"', what: 'to the last confirmed one' },
      { command: 'slipway rollback -e dev --to 1a2b3c4 --reason "orders fail"', what: 'to this one' },
    ],
  },
  build: {
    summary: 'make the release of a commit, on this machine',
    usage: '',
    text: 'The same source gives the same digest on any machine. What was built before is found, not built again.',
    examples: [
      { command: 'slipway build', what: 'for the first environment of the promotion order' },
      { command: 'slipway build --commit v1.4.0 --platform linux-x64', what: 'another commit and processor' },
    ],
  },
  publish: {
    summary: "build, and bring the release into the environment's store",
    usage: '--environment NAME',
    text: 'Sends only what is not there yet. Hosts see nothing of it until a deploy.',
    examples: [{ command: 'slipway publish -e dev', what: 'what is checked out' }],
  },
  rehearse: {
    summary: 'the whole thing on this machine, without an AWS account',
    usage: '',
    text: 'An AWS emulator, the real stacks, the real agents, HAProxy where it is installed, and traffic: a good change, a broken one, a rollback, a lost host. Says what it measured and what it cannot show. Everything it makes is under .slipway/.',
    examples: [
      { command: 'slipway rehearse', what: 'the tour' },
      { command: 'slipway rehearse --stay', what: 'then push commits of your own' },
      { command: 'slipway rehearse --service ../my-service', what: 'with your service' },
    ],
  },
  images: {
    summary: 'move the pinned machine images to the newest of their families',
    usage: '',
    text: "Asks AWS, in each environment's region, for the newest image of the family that environments/NAME.image.json names, and rewrites that file. Nothing else happens: the change is proposed as a pull request, and machines are replaced when it is merged and deployed.",
    examples: [
      { command: 'slipway images', what: 'all environments' },
      { command: 'slipway images -e dev', what: 'one of them' },
      { command: 'slipway images --check', what: 'for a pipeline: 1 if a pin is old' },
    ],
  },
  doctor: {
    summary: 'what is missing on this machine or in the account',
    usage: '--environment NAME',
    text: 'Checks versions, Git, credentials, account, region and store, and says how to mend what it finds. Changes nothing.',
    examples: [{ command: 'slipway doctor -e dev', what: 'before the first deploy' }],
  },
};
