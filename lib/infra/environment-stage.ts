/** All stacks of one environment. */
import { DefaultStackSynthesizer, Stage, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Environment } from '../contract/environment.ts';
import { stackName, type StackKind } from '../contract/names.ts';
import type { RuntimePins } from '../contract/runtime-pins.ts';
import { asInterface } from './cdk-interfaces.ts';
import { ConfigStack } from './config-stack.ts';
import { NetworkStack } from './network-stack.ts';
import { ServiceStack } from './service-stack.ts';
import { StoreStack } from './store-stack.ts';

export interface EnvironmentStageProps {
  readonly service: string;
  readonly environment: Environment;
  readonly bundleSha256: string;
  readonly runtime: RuntimePins;
}

export class EnvironmentStage extends Stage {
  readonly network: NetworkStack;
  readonly store: StoreStack;
  readonly config: ConfigStack;
  readonly service: ServiceStack;

  constructor(scope: Construct, id: string, props: EnvironmentStageProps) {
    const { account, region, name, protect } = props.environment;
    super(scope, id, { env: { account, region } });

    const stack = (kind: StackKind): StackProps => ({
      stackName: stackName({ service: props.service, environment: name }, kind),
      description: `Slipway: ${kind} of ${props.service} in ${name}`,
      terminationProtection: protect,
      // The rule is a parameter that the emulator cannot resolve at an update; the CLI checks the version as well.
      synthesizer: asInterface(new DefaultStackSynthesizer({ generateBootstrapVersionRule: false })),
    });
    this.network = new NetworkStack(this, 'Network', { ...stack('network'), ...props });
    this.store = new StoreStack(this, 'Store', { ...stack('store'), ...props });
    this.config = new ConfigStack(this, 'Config', { ...stack('config'), ...props });
    this.service = new ServiceStack(this, 'Service', {
      ...stack('service'),
      ...props,
      network: this.network,
      store: this.store,
    });
  }
}
