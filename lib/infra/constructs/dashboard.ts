/** One page that says how the service does: alarms, traffic, hosts, releases. */
import { aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { ServiceMetrics } from '../service-metrics.ts';

export interface DashboardProps {
  readonly metrics: ServiceMetrics;
  readonly alarms: readonly cloudwatch.IAlarm[];
}

/** A row has 24 columns. */
const half = 12;

export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { metrics, alarms }: DashboardProps) {
    super(scope, id);
    const graph = (title: string, ...left: cloudwatch.IMetric[]) =>
      new cloudwatch.GraphWidget({ title, left, width: half, leftYAxis: { min: 0 } });

    new cloudwatch.Dashboard(this, 'Dashboard', {
      widgets: [
        [new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 2 * half, height: 3 })],
        [
          graph('Requests and errors a minute', metrics.requests, metrics.serverErrors),
          graph('Latency, p99 (s)', metrics.latencySeconds),
        ],
        [graph('Healthy hosts', metrics.healthyHosts), graph('Missing reports of hosts', metrics.missingReports)],
        [
          graph('Rejections and repairs', metrics.rejections, metrics.repairs),
          graph('Age of the desired state (s)', metrics.desiredStateAge),
        ],
      ],
    });
  }
}
