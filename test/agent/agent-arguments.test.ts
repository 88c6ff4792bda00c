import { parseAgentArguments } from '../../lib/agent/agent-arguments.ts';

test.each([
  [['--settings', '/a'], { kind: 'run', settingsFile: '/a' }],
  [['proxy', '--settings', '/a'], { kind: 'proxy', settingsFile: '/a' }],
  [['--version'], { kind: 'version' }],
  [[], { kind: 'usage', problem: 'the settings are missing' }],
  [['--settings'], { kind: 'usage', problem: 'the settings are missing' }],
  [['--settings', '/a', '-v'], { kind: 'usage', problem: "unknown argument '-v'" }],
] as const)('reads the arguments %j', (args, command) => {
  expect(parseAgentArguments(args)).toEqual(command);
});
