/** The one fault class of the adapters: something on this host, or a write to the store, did not go as it must. */

export type AdapterErrorCode =
  | 'store-write-failed'
  | 'store-list-failed'
  | 'metrics-failed'
  | 'file-failed'
  | 'process-survived'
  | 'path-too-long'
  | 'proxy-missing'
  | 'proxy-not-started'
  | 'proxy-unreachable'
  | 'proxy-refused'
  | 'unit-control-failed'
  | 'unit-unknown'
  | 'unit-not-started';

export class AdapterError extends Error {
  override readonly name = 'AdapterError';
  readonly code: AdapterErrorCode;

  constructor(code: AdapterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
