/** The closed form of an environment: which fields there are, and what each may hold by itself. */
import * as v from 'valibot';
import { freezeSchema, rolloutSchema } from './desired-state.ts';
import { type Environment, maxZones } from './environment.ts';
import { serviceName, text, whole } from './fields.ts';
import { imagePinSchema } from './image-pin.ts';

const pattern = (regex: RegExp, message: string) => v.pipe(v.string(message), v.regex(regex, message));
const list = <const S extends v.GenericSchema>(item: S, min: number, max: number, what: string) => {
  const message = `must be a list of ${min} to ${max} ${what}`;
  return v.pipe(v.array(item, message), v.minLength(min, message), v.maxLength(max, message));
};
const positive = (message: string) => v.pipe(v.number(message), v.finite(message), v.gtValue(0, message));

export const environmentNames = ['dev', 'stage', 'prod'] as const;
const architecture = v.picklist(['x64', 'arm64'], 'must be x64 or arm64');
const cidr = pattern(/^\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}$/, 'must be an IPv4 range like 10.10.0.0/16');
const certificateArn = /^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/;

/** What CloudWatch takes. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653] as const;

const network = v.strictObject({
  cidr,
  zones: list(text(30), 2, maxZones, 'availability zones: a load balancer needs two'),
  egress: v.picklist(['public', 'endpoints', 'nat'], 'must be public, endpoints or nat'),
  clientRanges: list(cidr, 1, 50, 'IPv4 ranges; 0.0.0.0/0 is everybody'),
});

const domain = v.nullable(
  v.strictObject({
    name: pattern(/^(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}$/, 'must be a domain name like www.example.com'),
    hostedZoneId: pattern(/^Z[A-Z0-9]{1,31}$/, 'must be the id of a Route 53 hosted zone, like Z0123456789ABC'),
    certificateArn: pattern(certificateArn, 'must be the ARN of an ACM certificate'),
  }),
);

const hosts = v.strictObject({
  instanceType: pattern(/^[a-z]+\d+[a-z-]*\.[a-z0-9-]+$/, 'must be an instance type like t4g.small'),
  architecture,
  image: imagePinSchema,
  min: whole(1, 1_000),
  max: whole(1, 1_000),
  zones: whole(1, maxZones),
  /** The image alone takes 8. */
  volumeGiB: whole(8, 16_384),
});

const service = v.strictObject({
  /** The proxy runs without the right to take a lower port. */
  port: whole(1_024, 65_535),
  config: v.record(v.string(), v.string('must be a string: environment variables are text')),
  secrets: v.record(v.string(), whole(1, 2 ** 31)),
});

/** The limits are those of a load balancer's target group. */
const health = v.strictObject({
  intervalSeconds: whole(5, 300),
  timeoutSeconds: whole(2, 120),
  healthyThreshold: whole(2, 10),
  unhealthyThreshold: whole(2, 10),
  graceSeconds: whole(0, 7_200),
  drainSeconds: whole(0, 3_600),
});

const delivery = v.strictObject({
  mode: v.picklist(['pull', 'push'], 'must be pull or push'),
  rollout: rolloutSchema,
  /** What an instance refresh takes. */
  bakeSeconds: whole(0, 172_800),
});

const alarms = v.strictObject({
  email: v.nullable(v.pipe(v.string('must be an email address or null'), v.email('must be an email address or null'))),
  serverErrorsPerMinute: positive('must be a number above 0'),
  latencyMs: positive('must be a number of milliseconds above 0'),
});

const freeze = v.nullable(
  v.pipe(
    freezeSchema,
    v.check(({ until }) => !Number.isNaN(Date.parse(until)), 'must end at a time that exists'),
  ),
);

/** Each field by itself, so that a fault in one hides none in another. */
export const environmentFields = {
  name: v.picklist(environmentNames, 'must be dev, stage or prod'),
  account: pattern(/^\d{12}$/, 'must be an AWS account id: twelve digits, as a string'),
  region: pattern(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be an AWS region like eu-central-1'),
  network,
  domain,
  hosts,
  service,
  health,
  delivery,
  protect: v.boolean('must be true or false'),
  alarms,
  logRetentionDays: v.picklist(retentionDays, `must be one of ${retentionDays.join(', ')}`),
  freeze,
};

export const environmentSchema: v.GenericSchema<unknown, Environment> = v.strictObject(environmentFields);

export const environmentsSchema = v.strictObject({
  service: serviceName,
  environments: v.strictObject({ dev: environmentSchema, stage: environmentSchema, prod: environmentSchema }),
  promotionOrder: v.pipe(
    v.array(v.picklist(environmentNames, 'must be dev, stage or prod'), 'must be a list of environments'),
    v.check(
      (order) => order.length === environmentNames.length && new Set(order).size === order.length,
      `must name each of ${environmentNames.join(', ')} once`,
    ),
  ),
});

export type DeclaredEnvironments = v.InferOutput<typeof environmentsSchema>;
