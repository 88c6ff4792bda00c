/** The errors of the command line itself. */

/** `usage` ends with 2: the words were wrong. All others end with 1. */
export type CliErrorCode = 'usage' | 'environments-unreadable' | 'environments-invalid' | 'nothing-deployed';

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
