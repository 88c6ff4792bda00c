/** The agent's command line. Pure. */
export type AgentCommand =
  | { readonly kind: 'run' | 'proxy'; readonly settingsFile: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'usage'; readonly problem: string };

export const usage = 'usage: node agent.cjs [proxy] --settings FILE | --version';

export function parseAgentArguments(args: readonly string[]): AgentCommand {
  if (args.includes('--version')) return { kind: 'version' };
  const isProxy = args[0] === 'proxy';
  const [option, settingsFile, ...rest] = isProxy ? args.slice(1) : args;
  if (option !== '--settings' || settingsFile === undefined) {
    return { kind: 'usage', problem: 'the settings are missing' };
  }
  if (rest.length > 0) return { kind: 'usage', problem: `unknown argument '${rest.join(' ')}'` };
  return { kind: isProxy ? 'proxy' : 'run', settingsFile };
}
