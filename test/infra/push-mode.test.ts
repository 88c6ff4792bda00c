import { environments } from '../../environments/index.ts';
import { parseAgentSettings } from '../../lib/contract/agent-settings.ts';
import { digestOf } from '../../lib/contract/canonical-json.ts';
import { type Change, devWith, options, recordOf, resourcesOf, type Templates, unchanged } from './support.ts';

const release = 'f'.repeat(64);
const withSecrets: Change = ({ service }) => ({ service: { ...service, secrets: { TOKEN: 3, API_KEY: 2 } } });
const push = devWith((dev) => ({ ...options['push mode'](dev), ...withSecrets(dev) }));
const pull = devWith(withSecrets);

const launchData = (templates: Templates) =>
  recordOf(
    resourcesOf(templates).find(({ type }) => type === 'AWS::EC2::LaunchTemplate')?.properties['LaunchTemplateData'],
  );

/** As CloudFormation writes it: parameters are text there. */
function userData(templates: Templates, values: Readonly<Record<string, string>>): string {
  const encoded = recordOf(launchData(templates)['UserData'])['Fn::Base64'];
  const parts = recordOf(encoded)['Fn::Join'];
  const [, pieces] = Array.isArray(parts) ? parts : [];
  return (Array.isArray(pieces) ? pieces : [])
    .map((piece: unknown) => {
      if (typeof piece === 'string') return piece;
      const { Ref } = recordOf(piece);
      return typeof Ref === 'string' ? (values[Ref] ?? `LOGICAL-${Ref}`) : 'AROAEXAMPLE';
    })
    .join('');
}

const settingsIn = (text: string) => /<<'SLIPWAY_SETTINGS'\n(.*)\nSLIPWAY_SETTINGS\n/.exec(text)?.[1] ?? '';

const settings = (text: string) => parseAgentSettings(settingsIn(text));
const around = (text: string) => text.replace(settingsIn(text), '');

/** The template without what the mode decides. */
function rest(templates: Templates): unknown {
  const { Parameters: _, Resources, ...others } = recordOf(templates.service.toJSON());
  const resources = Object.entries(recordOf(Resources)).map(([id, resource]) => {
    if (recordOf(resource)['Type'] !== 'AWS::EC2::LaunchTemplate') return [id, resource];
    const { UserData: __, ...data } = launchData(templates);
    return [
      id,
      {
        ...recordOf(resource),
        Properties: { ...recordOf(recordOf(resource)['Properties']), LaunchTemplateData: data },
      },
    ];
  });
  return { ...others, Resources: Object.fromEntries(resources) };
}

describe('push mode', () => {
  test('has the pins as parameters without a value, so that synthesis needs no build', () => {
    expect(recordOf(push.service.toJSON())['Parameters']).toEqual({
      Release: expect.objectContaining({ Type: 'String', AllowedPattern: '[0-9a-f]{64}' }),
      ConfigVersion: expect.objectContaining({ Type: 'Number', MinValue: 1 }),
    });
  });

  test('boots machines whose settings name release, config and secrets', () => {
    const script = userData(push, { Release: release, ConfigVersion: '7' });
    expect(settings(script).pinned).toEqual({
      release,
      config: {
        parameter: '/hello/dev/config',
        version: 7,
        sha256: digestOf(environments.dev.service.config),
      },
      secrets: [
        { name: 'API_KEY', parameter: '/hello/dev/secret/API_KEY', version: 2 },
        { name: 'TOKEN', parameter: '/hello/dev/secret/TOKEN', version: 3 },
      ],
    });
  });

  test('another release or config version is another user data, and so new machines', () => {
    const pins = [
      { Release: release, ConfigVersion: '7' },
      { Release: 'e'.repeat(64), ConfigVersion: '7' },
      { Release: release, ConfigVersion: '8' },
    ];
    expect(new Set(pins.map((values) => userData(push, values))).size).toBe(pins.length);
  });

  test('T12: user data stays below 16 KB with everything filled in', () => {
    for (const environment of Object.values(environments)) {
      const templates = devWith((dev) => ({ ...options['push mode'](dev), service: environment.service }));
      const script = userData(templates, { Release: release, ConfigVersion: '2147483648' });
      expect(Buffer.byteLength(script)).toBeLessThan(16 * 1024);
    }
  });
});

describe('the switch of delivery.mode', () => {
  test('to pull leaves no parameter, and machines that the desired state rules', () => {
    expect(recordOf(pull.service.toJSON())).not.toHaveProperty('Parameters');
    expect(settings(userData(pull, {})).pinned).toBeNull();
  });

  test('changes parameters and user data of the service stack and nothing else, in both directions', () => {
    expect(rest(push)).toEqual(rest(pull));
    expect(launchData(push)['UserData']).not.toEqual(launchData(pull)['UserData']);
    for (const stack of ['network', 'store', 'config'] as const) {
      expect(push[stack].toJSON()).toEqual(pull[stack].toJSON());
    }
  });

  test('changes nothing of a user data but the pins', () => {
    const filled = userData(push, { Release: release, ConfigVersion: '7' });
    expect({ ...settings(filled), pinned: null }).toEqual(settings(userData(pull, {})));
    expect(around(filled)).toBe(around(userData(pull, {})));
  });

  test('replaces machines by the policy that the template has in both', () => {
    for (const change of [unchanged, options['push mode']]) {
      const [group] = Object.values(devWith(change).service.findResources('AWS::AutoScaling::AutoScalingGroup'));
      expect(Object.keys(recordOf(group?.['UpdatePolicy']))).toContain('AutoScalingInstanceRefresh');
    }
  });
});
