/** Help that teaches: what each command is for, by example. */
import { type CommandGroup, type CommandSpec, type Example, commandGroups, commandSpecs } from '../commands.ts';
import type { OptionSpec } from '../options.ts';
import { optionsOf } from '../parse.ts';
import type { CommandName } from '../requests.ts';
import { pageWidth, wrap } from './layout.ts';
import type { Paint } from './paint.ts';

const optionColumn = 28;

export function renderHelp(command: CommandName | null, paint: Paint): string {
  const lines = command === null ? overview(paint) : page(command, commandSpecs[command], paint);
  return `${lines.join('\n')}\n`;
}

function overview(paint: Paint): string[] {
  return [
    ...wrap("slipway: merge to an environment's branch, and its machines serve that commit."),
    '',
    `${paint('bold', 'Usage')}  slipway COMMAND [OPTIONS]`,
    ...commandGroups.flatMap((group) => groupLines(group, paint)),
    '',
    paint('bold', 'Start here'),
    '  slipway rehearse             the whole thing on this machine, no AWS account',
    '  slipway doctor -e dev        what is missing for a real account',
    '  slipway deploy -e dev        bring dev to the commit that is checked out',
    '  slipway deploy --help        each command teaches itself',
    '',
    'Exit codes: 0 done, 1 failed, 2 the command line was wrong.',
    'NO_COLOR=1: no colour. SLIPWAY_DEBUG=1: where an unexpected error arose.',
  ];
}

function groupLines({ title, commands }: CommandGroup, paint: Paint): string[] {
  const lines = commands.map((name) => `  ${paint('cyan', name.padEnd(10))} ${commandSpecs[name].summary}`);
  return ['', paint('bold', title), ...lines];
}

function page(name: CommandName, { summary, usage, text, examples }: CommandSpec, paint: Paint): string[] {
  return [
    ...wrap(`slipway ${name}: ${summary}.`),
    '',
    `${paint('bold', 'Usage')}  ${['slipway', name, usage, '[OPTIONS]'].filter(Boolean).join(' ')}`,
    '',
    ...wrap(text),
    '',
    paint('bold', 'Options'),
    ...optionsOf(name).flatMap(([, spec]) => option(spec, paint)),
    '',
    paint('bold', 'Examples'),
    ...exampleLines(examples),
  ];
}

function option({ flag, short, value, help }: OptionSpec, paint: Paint): string[] {
  const name = `${short === undefined ? '    ' : `-${short}, `}--${flag}${value === undefined ? '' : ` ${value}`}`;
  const [first = '', ...rest] = wrap(help, { indent: ' '.repeat(optionColumn) });
  return [`  ${paint('cyan', name)}${first.slice(2 + name.length)}`, ...rest];
}

function exampleLines(examples: readonly Example[]): string[] {
  const column = Math.max(...examples.map(({ command }) => command.length)) + 2;
  const lines = examples.map(({ command, what }) => `  ${command.padEnd(column)}${what}`);
  if (lines.every((line) => line.length <= pageWidth)) return lines;
  return examples.flatMap(({ command, what }) => [`  ${command}`, `      ${what}`]);
}
