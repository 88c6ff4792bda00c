/** Checks all that `environments/` declares, and says everything that is wrong at once. */
import * as v from 'valibot';
import { type FieldProblem, problemsOf, type Schema } from './document.ts';
import { type Ipv4Range, overlaps, parseIpv4Range } from './ipv4-range.ts';
import { ruleProblems, type WellFormed } from './validate-environment-rules.ts';
import {
  type DeclaredEnvironments,
  environmentFields,
  environmentNames,
  environmentsSchema,
} from './validate-environment-schema.ts';

export type EnvironmentsCheck =
  | { readonly kind: 'valid'; readonly declared: DeclaredEnvironments }
  | { readonly kind: 'invalid'; readonly problems: readonly FieldProblem[] };

/** @param value What environments/index.ts exports: `{ service, environments, promotionOrder }`. */
export function checkEnvironments(value: unknown): EnvironmentsCheck {
  const wellFormed = Object.entries(recordOf(recordOf(value)['environments'])).map(
    ([key, environment]) => [key, wellFormedFields(recordOf(environment))] as const,
  );
  const problems = [
    ...problemsOf(environmentsSchema, value),
    ...wellFormed.flatMap(([key, environment]) => [
      ...nameProblems(key, environment),
      ...environmentProblems(key, environment),
    ]),
    ...overlapProblems(wellFormed),
  ];
  if (problems.length > 0) return { kind: 'invalid', problems };
  return { kind: 'valid', declared: v.parse(environmentsSchema, value) };
}

function environmentProblems(key: string, environment: WellFormed): readonly FieldProblem[] {
  return ruleProblems(environment).map(({ field, problem }) => ({ field: `environments.${key}.${field}`, problem }));
}

function nameProblems(key: string, { name }: WellFormed): readonly FieldProblem[] {
  const isKnown = environmentNames.some((known) => known === key);
  if (!isKnown || name === undefined || name === key) return [];
  return [{ field: `environments.${key}.name`, problem: `must be ${key}, as its key is (got ${name})` }];
}

function overlapProblems(environments: readonly (readonly [string, WellFormed])[]): readonly FieldProblem[] {
  const seen: { readonly key: string; readonly cidr: string; readonly range: Ipv4Range }[] = [];
  const problems: FieldProblem[] = [];
  for (const [key, { network }] of environments) {
    const range = network && parseIpv4Range(network.cidr);
    if (!range) continue;
    const { cidr } = network;
    for (const other of seen.filter((one) => overlaps(one.range, range))) {
      const problem = `overlaps ${other.cidr} of ${other.key} (got ${cidr}); take a range of its own, so that the networks can be joined`;
      problems.push({ field: `environments.${key}.network.cidr`, problem });
    }
    seen.push({ key, cidr, range });
  }
  return problems;
}

function wellFormedFields(value: Readonly<Record<string, unknown>>): WellFormed {
  return {
    name: read(environmentFields.name, value['name']),
    account: read(environmentFields.account, value['account']),
    region: read(environmentFields.region, value['region']),
    network: read(environmentFields.network, value['network']),
    domain: read(environmentFields.domain, value['domain']),
    hosts: read(environmentFields.hosts, value['hosts']),
    service: read(environmentFields.service, value['service']),
    health: read(environmentFields.health, value['health']),
    delivery: read(environmentFields.delivery, value['delivery']),
    protect: read(environmentFields.protect, value['protect']),
    alarms: read(environmentFields.alarms, value['alarms']),
    logRetentionDays: read(environmentFields.logRetentionDays, value['logRetentionDays']),
    freeze: read(environmentFields.freeze, value['freeze']),
  };
}

function read<const S extends Schema>(schema: S, value: unknown): v.InferOutput<S> | undefined {
  const result = v.safeParse(schema, value);
  return result.success ? result.output : undefined;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
