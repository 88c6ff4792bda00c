/** What configuration and secrets of a service may be called and hold. */
import { canonicalJson } from './canonical-json.ts';
import type { FieldProblem } from './document.ts';
import { type Environment, slotPorts } from './environment.ts';
import { looksLikeSecret } from './secret-likeness.ts';

type Service = Environment['service'];

/** A standard SSM parameter. */
const maxConfigBytes = 4_096;
const variableName = /^[A-Z][A-Z0-9_]{0,63}$/;
/** The platform sets these itself. */
const reservedName = /^(?:PORT|HOST|NODE_ENV|SLIPWAY_.*)$/;

export function serviceProblems(service: Service): readonly FieldProblem[] {
  return [
    ...portProblems(service),
    ...configSizeProblems(service),
    ...Object.entries(service.config).flatMap(([name, value]) => configProblems(name, value)),
    ...Object.keys(service.secrets).flatMap((name) => secretProblems(name, service)),
  ];
}

function portProblems({ port }: Service): readonly FieldProblem[] {
  const taken = Object.entries(slotPorts).find(([, slotPort]) => slotPort === port);
  if (taken === undefined) return [];
  return [{ field: 'port', problem: `is where slot ${taken[0]} listens (got ${port}); take another` }];
}

function configSizeProblems({ config }: Service): readonly FieldProblem[] {
  const bytes = Buffer.byteLength(canonicalJson(config));
  if (bytes <= maxConfigBytes) return [];
  const problem = `must be at most ${maxConfigBytes} bytes as JSON (got ${bytes}); put large values into a file of the service`;
  return [{ field: 'config', problem }];
}

function configProblems(name: string, value: string): readonly FieldProblem[] {
  const field = `config.${name}`;
  if (!variableName.test(name)) return [misnamed(field, name)];
  if (reservedName.test(name)) return [{ field, problem: 'is set by the platform itself; take another name' }];
  if (value.includes('{{')) {
    return [{ field, problem: `must not hold '{{', which SSM refuses (got ${hidden(value)}); write it another way` }];
  }
  if (!looksLikeSecret(value)) return [];
  const todo = 'revoke it, store its successor as a SecureString, and name that under secrets';
  return [{ field, problem: `looks like a secret (got ${hidden(value)}); ${todo}` }];
}

function secretProblems(name: string, { config }: Service): readonly FieldProblem[] {
  const field = `secrets.${hidden(name)}`;
  if (looksLikeSecret(name)) {
    const todo = 'revoke it: only the name of the variable stands here, its value in an SSM SecureString';
    return [{ field, problem: `looks like a value, not a name; ${todo}` }];
  }
  if (!variableName.test(name)) return [misnamed(field, hidden(name))];
  if (reservedName.test(name)) return [{ field, problem: 'is set by the platform itself; take another name' }];
  if (!Object.hasOwn(config, name)) return [];
  return [{ field, problem: 'stands in config as well; remove it from one of the two' }];
}

function misnamed(field: string, name: string): FieldProblem {
  return { field, problem: `must be 1 to 64 of A-Z, 0-9 and _, starting with a letter (got "${name}")` };
}

/** Enough to find it, too little to use it. */
function hidden(text: string): string {
  return text.length <= 20 ? text : `${text.slice(0, 4)}… of ${text.length} characters`;
}
