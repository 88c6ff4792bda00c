/** Makes sure that credentials are those of the environment's account, before anything is touched. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { DeliveryError } from './delivery-error.ts';
import { throwFault } from './store-fault.ts';
import type { AwsAccess } from './store.ts';

/** The account that credentials belong to. Throws `DeliveryError`. */
export async function callerAccount(aws: AwsAccess, signal: AbortSignal): Promise<string> {
  const { region, endpoint, credentials } = aws;
  const client = new STSClient({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000 },
  });
  try {
    const { Account } = await client.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
    return Account ?? '';
  } catch (error) {
    return throwFault(error, { tried: 'asking AWS whose credentials these are', region, signal });
  }
}

/** Throws `DeliveryError`. */
export async function checkAccount(
  { account, name }: { readonly account: string; readonly name: string },
  aws: AwsAccess,
  signal: AbortSignal,
): Promise<void> {
  const found = await callerAccount(aws, signal);
  if (found === account) return;
  throw new DeliveryError('wrong-account', {
    tried: `looking whether the credentials are those of '${name}'`,
    wrong: `they are of account '${found}', expected '${account}'`,
    todo: 'log in to that account (AWS_PROFILE), or correct `account` in environments/*.ts',
  });
}
