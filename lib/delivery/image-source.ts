/** Asks AWS for the newest image of a family, and what it is. */
import { DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { DeliveryError } from './delivery-error.ts';
import { errorName, throwFault } from './store-fault.ts';
import type { AwsAccess } from './store.ts';

export interface NewestImage {
  readonly id: string;
  /** Of the parameter that names it. */
  readonly version: number;
}

export interface ImageFacts {
  readonly name: string;
  /** As EC2 calls it: `arm64`, `x86_64`. */
  readonly architecture: string;
}

/** One region of AWS. */
export interface ImageSource {
  /** Throws `DeliveryError`: `image-not-found` where the region has no such family. */
  newest(family: string, signal: AbortSignal): Promise<NewestImage>;
  /** Null: EC2 does not say, or may not be asked. */
  describe(id: string, signal: AbortSignal): Promise<ImageFacts | null>;
}

const requestHandler = { connectionTimeout: 5_000, requestTimeout: 15_000 };

export function openImageSource({ region, endpoint, credentials }: AwsAccess): ImageSource {
  const settings = {
    region,
    requestHandler,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
  };
  const ssm = new SSMClient(settings);
  const ec2 = new EC2Client(settings);
  return {
    async newest(family, signal) {
      const tried = `asking for the newest image of ${family} in '${region}'`;
      try {
        const { Parameter } = await ssm.send(new GetParameterCommand({ Name: family }), { abortSignal: signal });
        return { id: Parameter?.Value ?? '', version: Parameter?.Version ?? 0 };
      } catch (error) {
        if (errorName(error) !== 'ParameterNotFound') return throwFault(error, { tried, region, signal });
        throw new DeliveryError(
          'image-not-found',
          { tried, wrong: 'the region has no such public parameter', todo: 'correct `family` in the image file' },
          { cause: error },
        );
      }
    },
    async describe(id, signal) {
      try {
        const { Images = [] } = await ec2.send(new DescribeImagesCommand({ ImageIds: [id] }), { abortSignal: signal });
        const { Name: name, Architecture: architecture } = Images[0] ?? {};
        return name !== undefined && architecture !== undefined ? { name, architecture } : null;
      } catch {
        signal.throwIfAborted();
        // The name is for people; the parameter's own version stands in for it.
        return null;
      }
    },
  };
}
