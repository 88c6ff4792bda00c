/** The network of a lab: one bridge, and for each machine a network namespace with an address of its own on it. */
import { mustRun } from './command.ts';

const bridge = 'slipway0';
/** The load balancer, the AWS edge, and the way out, which leads nowhere. */
export const labAddress = '10.77.0.1';
export const metadataAddress = '169.254.169.254';

/** Of the n-th machine, from 0. */
export const machineAddress = (index: number): string => `10.77.0.${11 + index}`;

export async function openNetwork(): Promise<void> {
  await mustRun('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await mustRun('ip', ['address', 'add', `${labAddress}/24`, 'dev', bridge]);
  await mustRun('ip', ['address', 'add', `${metadataAddress}/32`, 'dev', bridge]);
  await mustRun('ip', ['link', 'set', bridge, 'up']);
}

export async function closeNetwork(): Promise<void> {
  await mustRun('ip', ['link', 'delete', bridge]);
}

/** Returns the path of the namespace. It outlives the machine's reboots, as the network interface of an instance does. */
export async function plugIn(namespace: string, address: string): Promise<string> {
  const outside = `v-${address.split('.').at(-1)}`;
  await mustRun('ip', ['netns', 'add', namespace]);
  await mustRun('ip', ['link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
  await mustRun('ip', ['link', 'set', outside, 'master', bridge, 'up']);
  const inside = async (...args: string[]): Promise<unknown> => mustRun('ip', ['-n', namespace, ...args]);
  await inside('link', 'set', 'lo', 'up');
  await inside('address', 'add', `${address}/24`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
  await inside('route', 'add', 'default', 'via', labAddress);
  return `/run/netns/${namespace}`;
}

export async function unplug(namespace: string): Promise<void> {
  await mustRun('ip', ['netns', 'delete', namespace]);
}
