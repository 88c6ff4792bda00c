/** Puts values into CloudWatch metrics, with the dimensions that alarms ask for. */
import { metricDimensions, metricNames, metricNamespace } from '../../contract/metric-names.ts';
import type { Metrics, MetricValue } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { type AwsClient, readBody } from './aws-client.ts';
import { unavailable } from './aws-failure.ts';
import { escaped } from './aws-signature.ts';

const maxAnswerBytes = 64 * 1024;
const headers = { 'content-type': 'application/x-www-form-urlencoded' };
const inSeconds: ReadonlySet<string> = new Set([metricNames.desiredStateAge, metricNames.switchSeconds]);

export interface CloudwatchMetricsProps {
  readonly client: AwsClient;
  readonly service: string;
  readonly environment: string;
}

export function createCloudwatchMetrics({ client, ...identity }: CloudwatchMetricsProps): Metrics {
  const dimensions = Object.entries(metricDimensions(identity));
  return {
    async put(values, signal) {
      if (values.length === 0) return;
      const body = formOf(values, dimensions);
      try {
        const answer = await client.send('monitoring', { method: 'POST', headers, body }, signal);
        await readBody(answer, maxAnswerBytes, signal);
      } catch (cause) {
        const { detail } = unavailable(`put ${values.length} values into metrics of ${metricNamespace}`, cause);
        throw new AdapterError('metrics-failed', detail, { cause });
      }
    },
  };
}

/** CloudWatch's query protocol: the only one that all of its partitions speak. */
function formOf(values: readonly MetricValue[], dimensions: readonly (readonly [string, string])[]): string {
  const members = values.flatMap(({ name, value }, i) => {
    const member = `MetricData.member.${i + 1}`;
    return [
      [`${member}.MetricName`, name],
      [`${member}.Value`, String(value)],
      [`${member}.Unit`, inSeconds.has(name) ? 'Seconds' : 'Count'],
      ...dimensions.flatMap(([dimension, of], j) => [
        [`${member}.Dimensions.member.${j + 1}.Name`, dimension],
        [`${member}.Dimensions.member.${j + 1}.Value`, of],
      ]),
    ];
  });
  const fields = [['Action', 'PutMetricData'], ['Version', '2010-08-01'], ['Namespace', metricNamespace], ...members];
  return fields.map(([name = '', value = '']) => `${name}=${escaped(value)}`).join('&');
}
