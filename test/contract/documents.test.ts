import fc from 'fast-check';
import { agentSettingsSchema, parseAgentSettings } from '../../lib/contract/agent-settings.ts';
import { canonicalJson, digestOf, sha256 } from '../../lib/contract/canonical-json.ts';
import { parseDeploymentRecord, serializeDeploymentRecord } from '../../lib/contract/deployment-record.ts';
import { parseDesiredState, pinsOf, revisionOf, serializeDesiredState } from '../../lib/contract/desired-state.ts';
import { ContractError, parseValue } from '../../lib/contract/document.ts';
import { parseHostStatus, serializeHostStatus } from '../../lib/contract/host-status.ts';
import { parseInfrastructureRecord, serializeInfrastructureRecord } from '../../lib/contract/infrastructure-record.ts';
import { parseReleaseManifest, serializeReleaseManifest } from '../../lib/contract/release-manifest.ts';
import { parseRuntimePins } from '../../lib/contract/runtime-pins.ts';
import {
  agentSettings,
  deploymentRecord,
  desiredState,
  hostStatus,
  infrastructureRecord,
  releaseManifest,
  runtimePins,
} from '../support/documents.ts';

const documents: readonly {
  readonly name: string;
  readonly value: object;
  readonly parse: (text: string) => unknown;
}[] = [
  { name: 'release manifest', value: releaseManifest(), parse: parseReleaseManifest },
  { name: 'desired state', value: desiredState(), parse: parseDesiredState },
  { name: 'host status', value: hostStatus(), parse: parseHostStatus },
  { name: 'deployment record', value: deploymentRecord(), parse: parseDeploymentRecord },
  { name: 'infrastructure record', value: infrastructureRecord(), parse: parseInfrastructureRecord },
  { name: 'agent settings', value: agentSettings(), parse: parseAgentSettings },
  { name: 'runtime pins', value: runtimePins(), parse: parseRuntimePins },
];

/** What the parse function throws; fails the test when it throws nothing, or something else. */
function refusal(parse: () => unknown): ContractError {
  try {
    parse();
  } catch (error) {
    if (error instanceof ContractError) return error;
    throw error;
  }
  throw new Error('the document was accepted');
}

describe.each(documents)('A2: a $name', ({ value, parse }) => {
  test('is read back as it was written', () => {
    expect(parse(JSON.stringify(value))).toEqual(value);
  });

  test('with a field that nobody knows is refused', () => {
    const error = refusal(() => parse(JSON.stringify({ ...value, surprise: 1 })));
    expect(error.code).toBe('invalid');
    expect(error.problems).toEqual([{ field: 'surprise', problem: expect.stringContaining('surprise') }]);
  });

  test.each(Object.keys(value))('without %s is refused, and the message names it', (field) => {
    const error = refusal(() => parse(JSON.stringify({ ...value, [field]: undefined })));
    expect(error.code).toBe('invalid');
    expect(error.message).toContain(field);
  });

  test('that is larger than its limit is refused unread', () => {
    expect(refusal(() => parse(' '.repeat(200_000))).code).toBe('too-large');
  });

  test('that is not JSON is refused', () => {
    expect(refusal(() => parse('{"schema":')).code).toBe('not-json');
  });

  test('A3: never throws anything else, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((json) => JSON.stringify({ ...value, schema: json })),
        ),
        (text) => {
          try {
            parse(text);
          } catch (error) {
            if (!(error instanceof ContractError)) throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('every wrong field is named at once', () => {
  test('with its place, its value, and what it must be', () => {
    const state = desiredState();
    const wrong = { ...state, service: 'Hello!', rollout: { ...state.rollout, waves: [100, 50] } };
    const error = refusal(() => parseDesiredState(JSON.stringify(wrong)));
    expect(error.problems).toEqual([
      { field: 'service', problem: 'must be 2 to 20 of a-z, 0-9 and -, starting with a letter (got "Hello!")' },
      { field: 'rollout.waves', problem: 'must grow from wave to wave (got [100,50])' },
      { field: 'rollout.waves', problem: 'must end with 100 (got [100,50])' },
    ]);
    expect(error.message).toMatch(/^desired state: service: must be .*; rollout\.waves: /);
  });

  test('and a long value is shown shortened', () => {
    const error = refusal(() => parseDesiredState(JSON.stringify({ ...desiredState(), commit: 'x'.repeat(500) })));
    expect(error.message.length).toBeLessThan(200);
  });

  test('and a document that is no object is told as such', () => {
    expect(refusal(() => parseValue(agentSettingsSchema, undefined, 'agent settings')).message).toContain(
      'got nothing',
    );
  });
});

describe('a release manifest', () => {
  test('has the digest of its canonical bytes', () => {
    const { bytes, digest } = serializeReleaseManifest(releaseManifest());
    expect(digest).toBe(sha256(bytes));
    expect(parseReleaseManifest(bytes)).toEqual(releaseManifest());
  });

  test('starts node and nothing else', () => {
    expect(
      refusal(() => parseReleaseManifest(JSON.stringify({ ...releaseManifest(), start: ['sh', '-c'] }))).message,
    ).toContain('must start with node');
  });
});

describe('a revision', () => {
  const state = desiredState();

  test('is the same for the same release, config and secrets, whatever else the generation says', () => {
    expect(revisionOf(pinsOf(state))).toBe(revisionOf(pinsOf(desiredState({ generation: 9, retry: true }))));
  });

  test.each([
    ['release', { release: sha256('another') }],
    ['config', { config: { ...state.config, sha256: sha256('another') } }],
    ['a secret', { secrets: [{ name: 'TOKEN', parameter: '/hello/dev/secret/TOKEN', version: 3 }] }],
  ])('is another one for another %s', (_, change) => {
    expect(revisionOf(pinsOf({ ...state, ...change }))).not.toBe(revisionOf(pinsOf(state)));
  });

  test('does not depend on the version of a config whose value is the same', () => {
    expect(revisionOf(pinsOf({ ...state, config: { ...state.config, version: 7 } }))).toBe(revisionOf(pinsOf(state)));
  });
});

describe('canonical JSON', () => {
  test('does not depend on the order of keys, at any depth', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1}]}');
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
  });

  test.each([
    ['desired state', serializeDesiredState(desiredState()), parseDesiredState, desiredState()],
    ['host status', serializeHostStatus(hostStatus()), parseHostStatus, hostStatus()],
    ['deployment record', serializeDeploymentRecord(deploymentRecord()), parseDeploymentRecord, deploymentRecord()],
    [
      'infrastructure record',
      serializeInfrastructureRecord(infrastructureRecord()),
      parseInfrastructureRecord,
      infrastructureRecord(),
    ],
  ])('of a %s is read back', (_, text, parse, value) => {
    expect(parse(text)).toEqual(value);
  });
});
