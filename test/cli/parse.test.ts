import { commandNames, optionsOf, parse } from '../../lib/cli/parse.ts';
import { commandGroups } from '../../lib/cli/commands.ts';
import { renderHelp } from '../../lib/cli/render/help.ts';
import { plain } from '../../lib/cli/render/paint.ts';

const words = (line: string): string[] => line.split(' ').filter(Boolean);

describe('what is asked for', () => {
  const source = { environment: 'dev', platform: null };

  test.each([
    ['status -e dev', { command: 'status', environment: 'dev', watch: false, json: false }],
    ['status --environment=dev -w --json', { command: 'status', environment: 'dev', watch: true, json: true }],
    ['status dev', { command: 'status', environment: 'dev', watch: false, json: false }],
    ['wait -e dev --timeout 90', { command: 'wait', environment: 'dev', timeout: 90, json: false }],
    ['history -n 3 -e prod', { command: 'history', environment: 'prod', limit: 3, json: false }],
    ['build', { command: 'build', ...source, environment: null, commit: null, json: false }],
    [
      'publish -e dev --commit v1 --platform linux-x64',
      { command: 'publish', environment: 'dev', commit: 'v1', platform: 'linux-x64', json: false },
    ],
    [
      'deploy -e dev --no-wait --retry --assembly out',
      { command: 'deploy', ...source, assembly: 'out', retry: true, noWait: true, timeout: 600, json: false },
    ],
    [
      'rollback -e dev --reason slow --to abc --dry-run',
      {
        command: 'rollback',
        environment: 'dev',
        reason: 'slow',
        to: 'abc',
        dryRun: true,
        remote: 'origin',
        json: false,
      },
    ],
    ['doctor', { command: 'doctor', environment: null, json: false }],
    [
      'rehearse --json out.json --port 8080 --proxy built-in --stay --service ../mine',
      { command: 'rehearse', jsonFile: 'out.json', port: 8080, proxy: 'built-in', stay: true, service: '../mine' },
    ],
    // A value that looks like an option, written so that nobody can mistake it.
    [
      'rollback -e dev --reason=--slow',
      {
        command: 'rollback',
        environment: 'dev',
        reason: '--slow',
        to: null,
        dryRun: false,
        remote: 'origin',
        json: false,
      },
    ],
  ])('%s', (line, request) => {
    expect(parse(words(line))).toEqual({ kind: 'run', request });
  });

  test.each([
    ['', null],
    ['--help', null],
    ['-h', null],
    ['help', null],
    ['help deploy', 'deploy'],
    ['deploy --help', 'deploy'],
    ['deploy --nonsense -h', 'deploy'],
  ])("help for '%s'", (line, command) => {
    expect(parse(words(line))).toEqual({ kind: 'help', command });
  });

  test.each(['--version', '-V'])('the version for %s', (line) => {
    expect(parse(words(line))).toEqual({ kind: 'version' });
  });
});

describe('what is wrong with a command line', () => {
  test.each([
    ['stauts', null, "unknown command 'stauts'; did you mean 'status'?"],
    ['dep', null, "unknown command 'dep'; did you mean 'deploy'?"],
    ['launch', null, "unknown command 'launch'"],
    ['help nothing', null, "unknown command 'nothing'"],
    ['-e dev status', null, "unknown command '-e'"],
    ['constructor', null, "unknown command 'constructor'"],
    ['build -e dev --comit x', 'build', "unknown option '--comit'; did you mean '--commit'?"],
    ['status -x', 'status', "unknown option '-x'"],
    ['status --constructor', 'status', "unknown option '--constructor'"],
    ['status dev prod', 'status', "unexpected 'prod'"],
    ['status -e dev prod', 'status', "unexpected 'prod'"],
    ['status dev -e prod', 'status', '--environment is given twice'],
    ['rehearse dev', 'rehearse', "unexpected 'dev'"],
    ['deploy -e', 'deploy', '--environment needs a value: --environment NAME'],
    [
      'deploy -e --json',
      'deploy',
      "--environment needs a value, got the option '--json'; mean it by --environment=--json",
    ],
    ['deploy -e dev --retry=yes', 'deploy', '--retry takes no value'],
    ['deploy --json --json', 'deploy', '--json is given twice'],
    ['wait -e dev --timeout 0', 'wait', '--timeout must be a whole number from 1 to 86400, got 0'],
    ['wait -e dev --timeout 1.5', 'wait', '--timeout must be a whole number from 1 to 86400, got "1.5"'],
    ['build --platform win32', 'build', '--platform must be linux-x64 or linux-arm64, got "win32"'],
    ['build --commit=', 'build', '--commit must not be empty, got ""'],
    ['rollback -e dev', 'rollback', '--reason TEXT is missing'],
  ])('%s', (line, command, problem) => {
    expect(parse(words(line))).toEqual({ kind: 'usage', problem, command });
  });
});

describe('the tables behind it', () => {
  test('help groups name every command once', () => {
    expect(commandGroups.flatMap(({ commands }) => commands).sort()).toEqual([...commandNames].sort());
  });

  test.each(commandNames)('every field of %s but its name is an option, each flag stands for one', (command) => {
    const flags = optionsOf(command).map(([, { flag }]) => flag);
    expect(new Set(flags).size).toBe(flags.length);
    expect(flags).toContain('json');
  });

  test.each(commandNames)('the examples of %s are commands that parse', (command) => {
    const examples = renderHelp(command, plain)
      .split('\n')
      .flatMap((line) => /^ {2}(slipway .+?)(?: {2}.*)?$/.exec(line)?.[1] ?? []);
    expect(examples).not.toEqual([]);
    for (const example of examples) {
      const argv = [...example.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '').slice(1);
      expect(parse(argv).kind).toBe('run');
    }
  });
});
