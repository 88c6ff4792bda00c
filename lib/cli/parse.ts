/** From the words of a command line to a request, or to what is wrong with them. Pure. */
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { type OptionName, type OptionSpec, options } from './options.ts';
import { type CommandName, type Request, requestSchema, requestSchemas } from './requests.ts';
import { suggest } from './suggest.ts';

export type Parsed =
  | { readonly kind: 'run'; readonly request: Request }
  | { readonly kind: 'help'; readonly command: CommandName | null }
  | { readonly kind: 'version' }
  | { readonly kind: 'usage'; readonly problem: string; readonly command: CommandName | null };

type Named = readonly [name: OptionName, spec: OptionSpec];
type Values = Readonly<Record<string, string | boolean>>;
type Read = { readonly kind: 'values'; readonly values: Values } | { readonly kind: 'wrong'; readonly problem: string };

export function parse(argv: readonly string[]): Parsed {
  const [first = '--help', ...rest] = argv;
  if (isCommand(first)) return parseCommand(first, rest);
  if (first === '--version' || first === '-V') return { kind: 'version' };
  if (asksForHelp([first])) return { kind: 'help', command: null };
  if (first === 'help') return parse(rest[0] === undefined ? [] : [rest[0], '--help']);
  return { kind: 'usage', problem: unknown('command', first, commandNames), command: null };
}

function parseCommand(command: CommandName, words: readonly string[]): Parsed {
  if (asksForHelp(words)) return { kind: 'help', command };
  const read = readValues(command, words);
  if (read.kind === 'wrong') return { kind: 'usage', problem: read.problem, command };
  return typed(command, read.values);
}

export const commandNames = Object.keys(requestSchemas).filter(isCommand);

/** In the order in which help shows them. */
export function optionsOf(command: CommandName): readonly Named[] {
  const keys = Object.keys(requestSchemas[command].entries);
  return keys.filter(isOption).map((name) => [name, options[name]]);
}

function isCommand(word: string): word is CommandName {
  return Object.hasOwn(requestSchemas, word);
}

function isOption(key: string): key is OptionName {
  return Object.hasOwn(options, key);
}

function asksForHelp(words: readonly string[]): boolean {
  return words.includes('--help') || words.includes('-h');
}

function readValues(command: CommandName, words: readonly string[]): Read {
  const known = optionsOf(command);
  const values = new Map<OptionName, string | boolean>();
  for (const token of tokensOf(words, known)) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      if (!takesWord(known, values)) return { kind: 'wrong', problem: `unexpected '${token.value}'` };
      values.set('environment', token.value);
      continue;
    }
    const option = known.find(([, { flag }]) => flag === token.name);
    if (!option) return { kind: 'wrong', problem: unknown('option', token.rawName, flagsOf(known)) };
    const [name, spec] = option;
    const problem = values.has(name) ? `--${spec.flag} is given twice` : valueProblem(spec, token);
    if (problem !== undefined) return { kind: 'wrong', problem };
    values.set(name, token.value ?? true);
  }
  return { kind: 'values', values: Object.fromEntries(values) };
}

/** `slipway status dev` is `slipway status --environment dev`. */
function takesWord(known: readonly Named[], values: ReadonlyMap<OptionName, unknown>): boolean {
  return known.some(([name]) => name === 'environment') && !values.has('environment');
}

function tokensOf(words: readonly string[], known: readonly Named[]) {
  const config = known.map(([, { flag, short, value }]) => {
    const type = value === undefined ? ('boolean' as const) : ('string' as const);
    return [flag, short === undefined ? { type } : { type, short }];
  });
  // Not strict: the messages of Node.js name neither the nearest option nor the command's help.
  return parseArgs({ args: [...words], options: Object.fromEntries(config), strict: false, tokens: true }).tokens;
}

function valueProblem(
  { flag, value }: OptionSpec,
  token: { readonly value: string | undefined; readonly inlineValue: boolean | undefined },
): string | undefined {
  if (value === undefined) return token.value === undefined ? undefined : `--${flag} takes no value`;
  if (token.value === undefined) return `--${flag} needs a value: --${flag} ${value}`;
  const isNextOption = token.value.startsWith('-') && token.inlineValue !== true;
  return isNextOption
    ? `--${flag} needs a value, got the option '${token.value}'; mean it by --${flag}=${token.value}`
    : undefined;
}

function typed(command: CommandName, values: Values): Parsed {
  const result = v.safeParse(requestSchema, { command, ...values });
  if (result.success) return { kind: 'run', request: result.output };
  return { kind: 'usage', problem: result.issues.map((issue) => describe(command, issue)).join('; '), command };
}

function describe(command: CommandName, issue: v.BaseIssue<unknown>): string {
  const key = v.getDotPath(issue);
  const [, spec] = optionsOf(command).find(([name]) => name === key) ?? [];
  const flag = `--${spec?.flag ?? key}`;
  if (issue.input === undefined) return `${flag} ${spec?.value ?? ''} is missing`;
  return `${flag} ${issue.message}, got ${JSON.stringify(issue.input)}`;
}

function unknown(kind: 'command' | 'option', word: string, known: readonly string[]): string {
  const nearest = suggest(word, known);
  return `unknown ${kind} '${word}'${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`;
}

function flagsOf(known: readonly Named[]): readonly string[] {
  return known.map(([, { flag }]) => `--${flag}`);
}
