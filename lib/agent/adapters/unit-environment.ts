/** The environment and the arguments of the service as systemd.exec(5) reads them from an EnvironmentFile, so that each arrives unchanged. */

/**
 * What systemd does not let into an environment: control characters but tab and newline, and code points that are no characters.
 * It would leave the whole variable out, with a line in its own log.
 */
// oxlint-disable-next-line no-control-regex
const refused = /[\u0000-\u0008\u000B-\u001F\u007F]|\p{Cs}|\p{Noncharacter_Code_Point}/u;

/** The first name whose value systemd would leave out, and why; null: all are fine. Says nothing of the value itself. */
export function unsuitedVariable(environment: Readonly<Record<string, string>>): string | null {
  for (const [name, value] of Object.entries(environment)) {
    const found = refused.exec(value)?.[0]?.codePointAt(0);
    if (found === undefined) continue;
    const code = `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
    return `${name} holds the character ${code}, which systemd lets into no environment; encode the value`;
  }
  return null;
}

/** One variable a line; in double quotes a value may hold anything but these four, line breaks included. */
export function environmentFile(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\$`]/g, '\\$&')}"\n`)
    .join('');
}

/** One value that systemd splits into these arguments again, where an ExecStart line names it without braces. */
export function argumentsVariable(args: readonly string[]): string {
  return args.map((argument) => `"${argument.replaceAll(/["\\]/g, '\\$&')}"`).join(' ');
}
