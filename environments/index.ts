/** The environments of this repository, and the way of a release through them. Data only: bin/infra.ts and the command line check it. */
import type { Environment, EnvironmentName } from '../lib/contract/environment.ts';
import { dev } from './dev.ts';
import { prod } from './prod.ts';
import { stage } from './stage.ts';

export const service = 'hello';

export const environments: Readonly<Record<EnvironmentName, Environment>> = { dev, stage, prod };

export const promotionOrder: readonly EnvironmentName[] = ['dev', 'stage', 'prod'];
