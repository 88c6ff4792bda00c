/** What the fields of one environment must be to each other. */
import type { FieldProblem } from './document.ts';
import type { Architecture, Environment } from './environment.ts';
import { parseIpv4Range } from './ipv4-range.ts';
import { serviceProblems } from './validate-environment-service.ts';

/** The fields whose form is right; a rule speaks only where all that it compares is there. */
export type WellFormed = { readonly [K in keyof Environment]: Environment[K] | undefined };

type Rule = (environment: WellFormed) => readonly FieldProblem[];

export function ruleProblems(environment: WellFormed): readonly FieldProblem[] {
  return rules.flatMap((rule) => rule(environment));
}

/** A network smaller than that has no room for load balancers in four zones. */
const longestPrefix = 24;
const shortestPrefix = 16;

const cidrIsUsable: Rule = ({ network }) => {
  if (network === undefined) return [];
  const range = parseIpv4Range(network.cidr);
  const field = 'network.cidr';
  if (range === null) return [{ field, problem: `must be the first address of an IPv4 range (got ${network.cidr})` }];
  if (range.prefix >= shortestPrefix && range.prefix <= longestPrefix) return [];
  return [{ field, problem: `must be between /${shortestPrefix} and /${longestPrefix} (got /${range.prefix})` }];
};

const clientRangesAreRanges: Rule = ({ network }) =>
  (network?.clientRanges ?? []).flatMap((range, i) =>
    parseIpv4Range(range) === null
      ? [{ field: `network.clientRanges.${i}`, problem: `must be the first address of an IPv4 range (got ${range})` }]
      : [],
  );

const zonesAreOfTheRegion: Rule = ({ network, region }) => {
  if (network === undefined) return [];
  return network.zones.flatMap((zone, i) => {
    const field = `network.zones.${i}`;
    if (network.zones.indexOf(zone) !== i)
      return [{ field, problem: `stands there twice (got ${zone}); name another` }];
    if (region === undefined || isZoneOf(region, zone)) return [];
    return [{ field, problem: `is not a zone of ${region} (got ${zone}); name one like ${region}a` }];
  });
};

const certificateIsHere: Rule = ({ account, domain, region }) => {
  if (!domain) return [];
  const [, , , itsRegion, itsAccount] = domain.certificateArn.split(':');
  const field = 'domain.certificateArn';
  const todo = 'request one there: a load balancer takes no other';
  if (region !== undefined && itsRegion !== region) {
    return [{ field, problem: `must be a certificate in ${region} (got ${itsRegion}); ${todo}` }];
  }
  if (account === undefined || itsAccount === account) return [];
  return [{ field, problem: `must be a certificate in account ${account} (got ${itsAccount}); ${todo}` }];
};

const imageFits: Rule = ({ hosts, region }) => {
  if (hosts === undefined) return [];
  const { architecture, image } = hosts;
  const problems: FieldProblem[] = [];
  if (image.architecture !== architecture) {
    const problem = `is for ${image.architecture}, the hosts are ${architecture} (got ${image.id}); pin an image for ${architecture}`;
    problems.push({ field: 'hosts.image.architecture', problem });
  }
  if (region !== undefined && image.region !== region) {
    const problem = `is in ${image.region}, the hosts are in ${region} (got ${image.id}); pin an image of ${region}`;
    problems.push({ field: 'hosts.image.region', problem });
  }
  return problems;
};

const instanceTypeFits: Rule = ({ hosts }) => {
  if (hosts === undefined) return [];
  const { architecture, instanceType } = hosts;
  const actual = architectureOf(instanceType);
  if (actual === architecture) return [];
  return [
    {
      field: 'hosts.instanceType',
      problem: `has ${actual} processors, the hosts are ${architecture} (got ${instanceType}); change one of the two`,
    },
  ];
};

const capacityFits: Rule = ({ hosts, network }) => {
  if (hosts === undefined) return [];
  const problems: FieldProblem[] = [];
  if (hosts.min > hosts.max) {
    problems.push({ field: 'hosts.max', problem: `must be at least min, ${hosts.min} (got ${hosts.max})` });
  }
  if (network !== undefined && hosts.zones > network.zones.length) {
    const problem = `must be at most the ${network.zones.length} zones of the network (got ${hosts.zones})`;
    problems.push({ field: 'hosts.zones', problem });
  }
  return problems;
};

const protectedSurvivesAZone: Rule = ({ hosts, protect }) => {
  if (hosts === undefined || protect !== true) return [];
  const todo = 'a protected environment must survive the loss of a zone';
  return (['min', 'zones'] as const)
    .filter((field) => hosts[field] < 2)
    .map((field) => ({ field: `hosts.${field}`, problem: `must be at least 2 (got ${hosts[field]}): ${todo}` }));
};

const healthCheckEnds: Rule = ({ health }) => {
  if (health === undefined || health.timeoutSeconds < health.intervalSeconds) return [];
  const { intervalSeconds, timeoutSeconds } = health;
  const problem = `must be below intervalSeconds, ${intervalSeconds} (got ${timeoutSeconds})`;
  return [{ field: 'health.timeoutSeconds', problem }];
};

const serviceIsSound: Rule = ({ service }) =>
  (service === undefined ? [] : serviceProblems(service)).map(({ field, problem }) => ({
    field: `service.${field}`,
    problem,
  }));

const rules: readonly Rule[] = [
  cidrIsUsable,
  clientRangesAreRanges,
  zonesAreOfTheRegion,
  certificateIsHere,
  imageFits,
  instanceTypeFits,
  capacityFits,
  protectedSurvivesAZone,
  healthCheckEnds,
  serviceIsSound,
];

function isZoneOf(region: string, zone: string): boolean {
  return zone.startsWith(region) && /^[a-z]$/.test(zone.slice(region.length));
}

/** Graviton families have a `g` right after their generation: t4g, m7gd, c8gn; a1 is older than that rule. */
function architectureOf(instanceType: string): Architecture {
  return /^(?:[a-z]+\d+g|a1\.)/.test(instanceType) ? 'arm64' : 'x64';
}
