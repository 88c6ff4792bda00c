/** The figures that alarms watch and the dashboard shows. */
import {
  Duration,
  Fn,
  type aws_autoscaling as autoscaling,
  aws_cloudwatch as cloudwatch,
  aws_elasticloadbalancingv2 as elb,
} from 'aws-cdk-lib';
import { metricDimensions, metricNames, metricNamespace } from '../contract/metric-names.ts';
import type { LoadBalancer } from './constructs/load-balancer.ts';

export interface ServiceMetricsProps {
  readonly service: string;
  /** Name of the environment. */
  readonly environment: string;
  readonly loadBalancer: LoadBalancer;
  readonly group: autoscaling.IAutoScalingGroup;
}

const minute = Duration.minutes(1);
export const reportWindowMinutes = 5;

export class ServiceMetrics {
  readonly requests: cloudwatch.IMetric;
  /** Answers with a 5xx status, of hosts and of the load balancer itself. */
  readonly serverErrors: cloudwatch.IMetric;
  readonly latencySeconds: cloudwatch.IMetric;
  readonly healthyHosts: cloudwatch.IMetric;
  /** Part of the expected reports of hosts that did not come, 0 to 1. */
  readonly missingReports: cloudwatch.IMetric;
  readonly rejections: cloudwatch.IMetric;
  readonly desiredStateAge: cloudwatch.IMetric;
  readonly repairs: cloudwatch.IMetric;

  constructor(props: ServiceMetricsProps) {
    const { loadBalancer, group } = props;
    const { metrics } = loadBalancer.alb;
    const sum = { statistic: 'Sum', period: minute };
    this.requests = metrics.requestCount(sum);
    this.serverErrors = serverErrors(loadBalancer);
    this.latencySeconds = metrics.targetResponseTime({ statistic: 'p99', period: minute });
    this.healthyHosts = healthyHosts(loadBalancer);
    this.missingReports = missingReports(
      agentMetric(props, metricNames.hostReports, 'Sum', reportWindowMinutes),
      group,
    );
    this.rejections = agentMetric(props, metricNames.rejections, 'Sum', 1);
    this.desiredStateAge = agentMetric(props, metricNames.desiredStateAge, 'Maximum', 1);
    this.repairs = agentMetric(props, metricNames.repairs, 'Sum', 5);
  }
}

function agentMetric(
  { service, environment }: ServiceMetricsProps,
  metricName: string,
  statistic: string,
  minutes: number,
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap: metricDimensions({ service, environment }),
    statistic,
    period: Duration.minutes(minutes),
  });
}

/** As the target group's own metric; its full name is read out of its ARN, since the emulator knows no other attribute. */
function healthyHosts({ alb, targetGroup }: LoadBalancer): cloudwatch.IMetric {
  return new cloudwatch.Metric({
    namespace: 'AWS/ApplicationELB',
    metricName: 'HealthyHostCount',
    dimensionsMap: {
      LoadBalancer: alb.loadBalancerFullName,
      TargetGroup: Fn.select(5, Fn.split(':', targetGroup.targetGroupArn)),
    },
    statistic: 'Minimum',
    period: minute,
  });
}

function serverErrors({ alb }: LoadBalancer): cloudwatch.IMetric {
  const sum = { statistic: 'Sum', period: minute };
  return new cloudwatch.MathExpression({
    label: 'Server errors',
    expression: 'FILL(hosts, 0) + FILL(balancer, 0)',
    usingMetrics: {
      hosts: alb.metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT, sum),
      balancer: alb.metrics.httpCodeElb(elb.HttpCodeElb.ELB_5XX_COUNT, sum),
    },
    period: minute,
  });
}

function missingReports(reports: cloudwatch.IMetric, group: autoscaling.IAutoScalingGroup): cloudwatch.IMetric {
  const period = Duration.minutes(reportWindowMinutes);
  const inService = new cloudwatch.Metric({
    namespace: 'AWS/AutoScaling',
    metricName: 'GroupInServiceInstances',
    dimensionsMap: { AutoScalingGroupName: group.autoScalingGroupName },
    statistic: 'Average',
    period,
  });
  return new cloudwatch.MathExpression({
    label: 'Missing reports of hosts',
    expression: `1 - FILL(reports, 0) / (hosts * ${reportWindowMinutes})`,
    usingMetrics: { reports, hosts: inService },
    period,
  });
}
