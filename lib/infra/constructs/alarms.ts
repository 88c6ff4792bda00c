/** What wakes somebody up: each alarm tells the topic when it starts and when it is over. */
import {
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
  aws_sns as sns,
  aws_sns_subscriptions as subscriptions,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Environment } from '../../contract/environment.ts';
import type { ServiceMetrics } from '../service-metrics.ts';

export interface AlarmsProps {
  readonly service: string;
  readonly environment: Environment;
  readonly metrics: ServiceMetrics;
}

interface AlarmRule {
  readonly what: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly comparison: cloudwatch.ComparisonOperator;
  /** Periods of the metric that must breach, one after the other. */
  readonly periods: number;
  readonly missing: cloudwatch.TreatMissingData;
}

const { BREACHING: alarmWhenMissing, NOT_BREACHING: fineWhenMissing } = cloudwatch.TreatMissingData;
const {
  GREATER_THAN_THRESHOLD: above,
  GREATER_THAN_OR_EQUAL_TO_THRESHOLD: atLeast,
  LESS_THAN_THRESHOLD: below,
} = cloudwatch.ComparisonOperator;

/** What speaks of the machines that come: while one of these is on, no old machine goes, and the stack rolls back. */
const stopReplacement = ['ServerErrors', 'Latency', 'UnhealthyHosts', 'ReleaseRejected'] as const;

/** By name: an alarm waits for the group that it watches, so the group cannot wait for the alarm. */
export function alarmsThatStopReplacement(props: Pick<AlarmsProps, 'service' | 'environment'>): readonly string[] {
  return stopReplacement.map((name) => nameOfAlarm(props, name));
}

function nameOfAlarm({ service, environment }: Pick<AlarmsProps, 'service' | 'environment'>, name: string): string {
  return `${service}-${environment.name}-${name}`;
}

export class Alarms extends Construct {
  readonly topic: sns.Topic;
  /** By name, so that who shows them does not wait for their ARN, which the emulator has not. */
  readonly alarms: readonly cloudwatch.IAlarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { email } = props.environment.alarms;
    this.topic = new sns.Topic(this, 'Topic', { enforceSSL: true });
    if (email !== null) this.topic.addSubscription(new subscriptions.EmailSubscription(email));

    const action = new actions.SnsAction(this.topic);
    this.alarms = Object.entries(alarmRules(props)).map(([name, rule]) => {
      const alarmName = nameOfAlarm(props, name);
      const alarm = new cloudwatch.Alarm(this, name, {
        alarmName,
        metric: rule.metric,
        alarmDescription: `${rule.what}. What to do: docs/runbook.md#${name.toLowerCase()}`,
        threshold: rule.threshold,
        comparisonOperator: rule.comparison,
        evaluationPeriods: rule.periods,
        treatMissingData: rule.missing,
      });
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
      return cloudwatch.Alarm.fromAlarmName(this, `${name}ByName`, alarmName);
    });
  }
}

function alarmRules({ environment, metrics }: AlarmsProps): Readonly<Record<string, AlarmRule>> {
  const { alarms, hosts } = environment;
  return {
    ...trafficRules(alarms, metrics),
    UnhealthyHosts: {
      what: `Fewer than ${hosts.min} hosts are healthy`,
      metric: metrics.healthyHosts,
      threshold: hosts.min,
      comparison: below,
      periods: 3,
      // Without any host the load balancer reports nothing.
      missing: alarmWhenMissing,
    },
    HostSilent: {
      what: 'More than a fifth of the reports that hosts send each minute did not come: an agent is down, or cannot reach AWS',
      metric: metrics.missingReports,
      threshold: 0.21,
      comparison: above,
      periods: 2,
      missing: alarmWhenMissing,
    },
    ...releaseRules(metrics),
  };
}

/** No data: no traffic. */
function trafficRules(limits: Environment['alarms'], metrics: ServiceMetrics): Readonly<Record<string, AlarmRule>> {
  return {
    ServerErrors: {
      what: `${limits.serverErrorsPerMinute} or more answers a minute were server errors`,
      metric: metrics.serverErrors,
      threshold: limits.serverErrorsPerMinute,
      comparison: atLeast,
      periods: 2,
      missing: fineWhenMissing,
    },
    Latency: {
      what: `One answer of a hundred takes longer than ${limits.latencyMs} ms`,
      metric: metrics.latencySeconds,
      threshold: limits.latencyMs / 1000,
      comparison: above,
      periods: 3,
      missing: fineWhenMissing,
    },
  };
}

/** Reported by hosts when it happens. No data: it did not, or HostSilent says so. */
function releaseRules(metrics: ServiceMetrics): Readonly<Record<string, AlarmRule>> {
  const once = { comparison: atLeast, periods: 1, missing: fineWhenMissing };
  return {
    ReleaseRejected: {
      what: 'A host rejected a release, and went on with the one before',
      metric: metrics.rejections,
      threshold: 1,
      ...once,
    },
    DesiredStateStale: {
      what: 'A host has not been able to read its desired state for five minutes',
      metric: metrics.desiredStateAge,
      threshold: 300,
      ...once,
    },
    Drift: {
      what: 'A host repaired what was not as it should be: somebody or something changed it',
      metric: metrics.repairs,
      threshold: 1,
      ...once,
    },
  };
}
