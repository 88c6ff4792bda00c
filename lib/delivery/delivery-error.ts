/** The one error of `lib/delivery`: a closed code for machines, and a message that says what to do. */

export const deliveryErrorCodes = [
  'not-a-repository',
  'dirty-tree',
  'unknown-commit',
  'git-failed',
  'no-package-json',
  'invalid-package-json',
  'no-start',
  'no-lock',
  'lock-refused',
  'build-failed',
  'install-failed',
  'archive-failed',
  'runtime-unavailable',
  'runtime-mismatch',
  'wrong-platform',
  'bucket-missing',
  'no-credentials',
  'wrong-account',
  'denied',
  'region-wrong',
  'network',
  'store-failed',
  'digest-collision',
  'invalid-document',
  'config-mismatch',
  'conflict',
  'stacks-failed',
  'synth-failed',
  'not-supported',
  'nothing-confirmed',
  'not-confirmed',
  'already-there',
  'push-refused',
  'image-not-found',
  'image-unfit',
  'file-failed',
] as const;
export type DeliveryErrorCode = (typeof deliveryErrorCodes)[number];

/** What was tried, what is wrong with it (the value included), and what to do about it. */
export interface Complaint {
  readonly tried: string;
  readonly wrong: string;
  readonly todo: string;
}

export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly code: DeliveryErrorCode;
  readonly complaint: Complaint;

  constructor(code: DeliveryErrorCode, complaint: Complaint, options?: ErrorOptions) {
    const { tried, wrong, todo } = complaint;
    super(`${tried}: ${wrong}; ${todo}`, options);
    this.code = code;
    this.complaint = complaint;
  }
}
