/** The one error of `lib/rehearsal`: a closed code for machines, and one line that says what to do. */

export const rehearsalErrorCodes = [
  'not-a-repository',
  'git-failed',
  'service-invalid',
  'path-too-long',
  'no-python',
  'emulator-not-installable',
  'emulator-failed',
  'bootstrap-failed',
  'port-in-use',
  'no-free-ports',
  'no-proxy',
  'json-not-writable',
  'deploy-failed',
  'machine-failed',
  'unsupported-platform',
  'tour-failed',
] as const;
export type RehearsalErrorCode = (typeof rehearsalErrorCodes)[number];

export interface Complaint {
  readonly tried: string;
  readonly wrong: string;
  readonly todo: string;
}

export class RehearsalError extends Error {
  override readonly name = 'RehearsalError';
  readonly code: RehearsalErrorCode;

  constructor(code: RehearsalErrorCode, { tried, wrong, todo }: Complaint, options?: ErrorOptions) {
    super(`${tried}: ${wrong}; ${todo}`, options);
    this.code = code;
  }
}
