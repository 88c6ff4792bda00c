import { Match } from 'aws-cdk-lib/assertions';
import { environments } from '../../environments/index.ts';
import { devWith, options } from './support.ts';

const alarm = (name: string, expected: Readonly<Record<string, unknown>>, templates = devWith()) =>
  templates.service.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmName: `hello-dev-${name}`, ...expected });

describe('T11: alarms', () => {
  test.each([
    ['ServerErrors', { Threshold: environments.dev.alarms.serverErrorsPerMinute, TreatMissingData: 'notBreaching' }],
    ['Latency', { ExtendedStatistic: 'p99', Threshold: 2, TreatMissingData: 'notBreaching' }],
    ['UnhealthyHosts', { MetricName: 'HealthyHostCount', Threshold: 1, TreatMissingData: 'breaching' }],
    ['HostSilent', { Threshold: 0.21, TreatMissingData: 'breaching' }],
    ['ReleaseRejected', { MetricName: 'Rejections', Namespace: 'Slipway', TreatMissingData: 'notBreaching' }],
    ['DesiredStateStale', { MetricName: 'DesiredStateAgeSeconds', Threshold: 300, TreatMissingData: 'notBreaching' }],
    ['Drift', { MetricName: 'Repairs', TreatMissingData: 'notBreaching' }],
  ])('%s watches the right thing, and takes silence as it should', (name, expected) => {
    alarm(name, expected);
  });

  test('the alarms of hosts watch this service in this environment only', () => {
    alarm('Drift', {
      Dimensions: [
        { Name: 'Environment', Value: 'dev' },
        { Name: 'Service', Value: 'hello' },
      ],
    });
  });

  test('each tells the topic when it starts and when it is over', () => {
    const topic = [{ Ref: Match.stringLikeRegexp('^AlarmsTopic') }];
    devWith().service.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: topic, OKActions: topic });
  });

  test('the topic writes to an address where the environment names one', () => {
    devWith().service.resourceCountIs('AWS::SNS::Subscription', 0);
    devWith(options['an alarm address']).service.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'oncall@example.com',
    });
  });

  test('the dashboard shows every alarm', () => {
    const { service } = devWith();
    const [dashboard] = Object.values(service.findResources('AWS::CloudWatch::Dashboard'));
    const names = Object.values(service.findResources('AWS::CloudWatch::Alarm')).map(
      (it) => it.Properties['AlarmName'],
    );
    expect(names).toHaveLength(7);
    for (const name of names) expect(JSON.stringify(dashboard)).toContain(`alarm:${name}`);
  });
});
