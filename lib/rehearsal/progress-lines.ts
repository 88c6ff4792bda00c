/** What a deployment says while it works, as a person wants to read it: machines by their names, and nothing about what did not change. */

const unchanged = /is there already$|\(no changes\)$|deploying\.\.\. \[|stale: still at generation/;

/** Null: not worth a line. `names`: of hosts, by instance id. */
export function progressLine(message: string, names: ReadonlyMap<string, string>): string | null {
  if (unchanged.test(message)) return null;
  const [line = ''] = message.split('\n');
  return line
    .replaceAll(/\bi-[0-9a-f]{8,17}\b/g, (instance) => {
      const name = names.get(instance);
      return name === undefined ? instance : `host ${name}`;
    })
    .replace(/: deploying$/, '')
    .replace(/^✅ +/, '');
}
