import { commandNames } from '../../lib/cli/parse.ts';
import { renderHelp } from '../../lib/cli/render/help.ts';
import { plain } from '../../lib/cli/render/paint.ts';

test('help shows every command and where to start', () => {
  expect(renderHelp(null, plain)).toMatchInlineSnapshot(`
   "slipway: merge to an environment's branch, and its machines serve that commit.

   Usage  slipway COMMAND [OPTIONS]

   Look
     status     what the environment was told, and what each host does
     history    what was deployed, when, by whom, and how it ended

   Deliver
     deploy     bring an environment to a commit, and wait until its hosts serve it
     wait       follow the newest deployment to its end
     rollback   go back: a commit whose tree is an earlier, confirmed one

   Parts of deploy
     build      make the release of a commit, on this machine
     publish    build, and bring the release into the environment's store

   Keep up to date
     images     move the pinned machine images to the newest of their families

   Try and check
     rehearse   the whole thing on this machine, without an AWS account
     doctor     what is missing on this machine or in the account

   Start here
     slipway rehearse             the whole thing on this machine, no AWS account
     slipway doctor -e dev        what is missing for a real account
     slipway deploy -e dev        bring dev to the commit that is checked out
     slipway deploy --help        each command teaches itself

   Exit codes: 0 done, 1 failed, 2 the command line was wrong.
   NO_COLOR=1: no colour. SLIPWAY_DEBUG=1: where an unexpected error arose.
   "
  `);
});

test('help of a command explains, lists its options and gives examples', () => {
  expect(renderHelp('deploy', plain)).toMatchInlineSnapshot(`
   "slipway deploy: bring an environment to a commit, and wait until its hosts serve
   it.

   Usage  slipway deploy --environment NAME [OPTIONS]

   Takes the commit that is checked out, and refuses files that no commit holds.
   Builds the release (or finds it built), publishes what the store lacks, deploys
   the stacks if their assembly differs from the deployed one, writes the desired
   state, and waits. Run again after any failure: it does what is left. Ends with 0
   only when every host confirmed the release. Credentials come from the AWS SDK's
   usual places; the region from the environment's file.

   Options
     -e, --environment NAME    One of those in environments/index.ts.
         --platform PLATFORM   linux-x64 or linux-arm64. Default: that of the
                               environment's hosts.
         --assembly DIR        A finished cloud assembly, as \`cdk synth\` writes it.
                               Default: synthesize one.
         --retry               Let hosts try again what they rejected.
         --no-wait             Write the desired state and end; \`slipway wait\`
                               follows it.
         --timeout SECONDS     Give up waiting for hosts after that. Default: 600.
         --json                One JSON document on standard output; progress as
                               JSON lines on standard error.

   Examples
     slipway deploy -e dev          the commit that is checked out
     slipway deploy -e dev --retry  try again what was rejected
   "
  `);
});

test.each([null, ...commandNames])('help of %s fits on 80 columns', (command) => {
  const tooLong = renderHelp(command, plain)
    .split('\n')
    .filter((line) => line.length > 80);
  expect(tooLong).toEqual([]);
});
