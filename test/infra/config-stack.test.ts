import { stackKinds } from '../../lib/contract/names.ts';
import { devWith } from './support.ts';

describe('the configuration of a service', () => {
  test('is one parameter with canonical JSON', () => {
    const { config } = devWith(({ service }) => ({ service: { ...service, config: { B: '2', A: '1' } } }));
    config.resourceCountIs('AWS::SSM::Parameter', 1);
    config.hasResourceProperties('AWS::SSM::Parameter', {
      Name: '/hello/dev/config',
      Type: 'String',
      Value: '{"A":"1","B":"2"}',
    });
  });

  test('a changed value changes the config stack and no other', () => {
    const before = devWith();
    const after = devWith(({ service }) => ({
      service: { ...service, config: { ...service.config, GREETING: 'Hi' } },
    }));
    const changed = stackKinds.filter((kind) => JSON.stringify(before[kind]) !== JSON.stringify(after[kind]));
    expect(changed).toEqual(['config']);
  });
});
