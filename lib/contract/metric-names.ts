/** The metrics that an agent reports and that alarms watch; each has the dimensions Service and Environment. */
export const metricNamespace = 'Slipway';

export const metricNames = {
  /** 1 a minute from each host. */
  hostReports: 'HostReports',
  /** 1 for each revision that a host rejected. */
  rejections: 'Rejections',
  /** Seconds since the host last read its desired state; an answer "unchanged" counts. */
  desiredStateAge: 'DesiredStateAgeSeconds',
  /** 1 for each repair of what had drifted. */
  repairs: 'Repairs',
  /** The newest generation that the host has accepted, each minute: where the least is not the greatest, a host lags behind. */
  generation: 'Generation',
  /** 1 while the outcome of the host is `converged`, else 0, each minute and when the outcome changes. */
  converged: 'Converged',
  /** Seconds that the proxy took to send all new requests to another slot, for each switch. */
  switchSeconds: 'SwitchSeconds',
} as const;

export type MetricName = (typeof metricNames)[keyof typeof metricNames];

export const metricDimensions = ({
  service,
  environment,
}: {
  readonly service: string;
  readonly environment: string;
}): Readonly<Record<string, string>> => ({ Service: service, Environment: environment });
