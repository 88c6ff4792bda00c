/** The two AWS clients of the agent, with the time-outs that a poll every few seconds needs. */
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';

const connectionTimeoutMs = 2_000;
/** To the first byte of the answer, and between two bytes of it. */
const requestTimeoutMs = 10_000;

export interface AwsClientsProps {
  readonly region: string;
  /** Of an emulator; undefined: AWS itself. */
  readonly endpoint: string | undefined;
}

export function createAwsClients({ region, endpoint }: AwsClientsProps): {
  readonly s3: S3Client;
  readonly ssm: SSMClient;
} {
  const shared = {
    region,
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: requestTimeoutMs,
      httpAgent: { keepAlive: true, maxSockets: 16 },
      httpsAgent: { keepAlive: true, maxSockets: 16 },
    },
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  return {
    s3: new S3Client({
      ...shared,
      forcePathStyle: endpoint !== undefined,
      // Our own SHA-256 stands over everything that is read; a second checksum would cost time and say less.
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestChecksumCalculation: 'WHEN_REQUIRED',
    }),
    ssm: new SSMClient(shared),
  };
}
