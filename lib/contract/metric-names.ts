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
} as const;

export const metricDimensions = ({
  service,
  environment,
}: {
  readonly service: string;
  readonly environment: string;
}): Readonly<Record<string, string>> => ({ Service: service, Environment: environment });
